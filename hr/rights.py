"""What each rule gives, in one table. Roles have theirs in core/roles.py; docs/scope.md explains the rules.

Rights are permissions on employees, and on what is kept of them. A grant uses a permission of the model it is on,
because a permission belongs to one model; it stands for the right beside it: on the employee; on everybody in the unit
and in the units below; on everybody enrolled in the event.
"""

VIEW = "hr.view_employee"
CHANGE = "hr.change_employee"
ADD = "hr.add_employee"
PERSONAL = "hr.view_personal_data"
VIEW_ATTENDANCE = "hr.view_attendance"
# To enrol somebody, and to cancel it.
ENROL = "hr.add_attendance"
# To take the roll, and to decide corrections.
MARK = "hr.mark_attendance"
VIEW_EVALUATION = "hr.view_evaluation"
# To grade, and to return for another try.
GRADE = "hr.grade_evaluation"
# To decide what people ask HR for: of roles alone.
DECIDE = "hr.decide_changerequest"

# To load files of each kind (ImportJob.Resource): of roles alone.
IMPORT_RIGHTS = {
    "employees": "hr.import_employee",
    "units": "hr.import_orgunit",
    "positions": "hr.import_position",
    "attendance": "hr.import_attendance",
}

# On one's own record.
SELF_RIGHTS = frozenset({VIEW, PERSONAL, VIEW_ATTENDANCE, VIEW_EVALUATION})

# Over the people of headed units and of the units below, and over all who report to one, directly or through others.
MANAGER_RIGHTS = frozenset({VIEW, VIEW_ATTENDANCE, ENROL, MARK, VIEW_EVALUATION, GRADE})

# What may be granted on one employee, on a unit and on an event: codename -> the right it gives.
EMPLOYEE_GRANTS = {
    "view_employee": VIEW,
    "change_employee": CHANGE,
    "view_personal_data": PERSONAL,
    "view_attendance_of": VIEW_ATTENDANCE,
    "add_attendance_of": ENROL,
    "mark_attendance_of": MARK,
    "view_evaluation_of": VIEW_EVALUATION,
    "grade_evaluation_of": GRADE,
}
UNIT_GRANTS = {
    "view_employee_in": VIEW,
    "change_employee_in": CHANGE,
    "add_employee_in": ADD,
    "view_personal_data_in": PERSONAL,
    "view_attendance_in": VIEW_ATTENDANCE,
    "add_attendance_in": ENROL,
    "mark_attendance_in": MARK,
    "view_evaluation_in": VIEW_EVALUATION,
    "grade_evaluation_in": GRADE,
}
EVENT_GRANTS = {"view_attendance_at": VIEW_ATTENDANCE, "mark_attendance_at": MARK}

# What a grant to change does not reach: who logs in as somebody follows his code and e-mail, and who sees a whole line
# follows the boss. Only a role changes them.
GUARDED_FIELDS = frozenset({"code", "work_email", "reports_to"})

# What everybody changes of his own record without asking anybody.
OWN_FIELDS = frozenset({"work_phone", "private_phone"})

# On an absent manager: MANAGER_RIGHTS over the people he answers for. Given by himself, see services/delegations.py.
DELEGATION = "act_as_manager"
