"""What each rule gives, in one table. Roles have theirs in core/roles.py; docs/scope.md explains the rules.

Rights are permissions on employees. A grant on a unit uses a permission of OrgUnit, because a permission belongs to
one model; it stands for the right beside it, on everybody in the unit and in the units below.
"""

VIEW = "hr.view_employee"
CHANGE = "hr.change_employee"
ADD = "hr.add_employee"
PERSONAL = "hr.view_personal_data"

# On one's own record.
SELF_RIGHTS = frozenset({VIEW, PERSONAL})

# Over the people of headed units and of the units below, and over all who report to one, directly or through others.
MANAGER_RIGHTS = frozenset({VIEW})

# What may be granted on one employee, and on a unit: codename -> the right it gives.
EMPLOYEE_GRANTS = {"view_employee": VIEW, "change_employee": CHANGE, "view_personal_data": PERSONAL}
UNIT_GRANTS = {
    "view_employee_in": VIEW,
    "change_employee_in": CHANGE,
    "add_employee_in": ADD,
    "view_personal_data_in": PERSONAL,
}

# What a grant to change does not reach: who logs in as somebody follows his code and e-mail, and who sees a whole line
# follows the boss. Only a role changes them.
GUARDED_FIELDS = frozenset({"code", "work_email", "reports_to"})

# On an absent manager: MANAGER_RIGHTS over the people he answers for. Given by himself, see services/delegations.py.
DELEGATION = "act_as_manager"
