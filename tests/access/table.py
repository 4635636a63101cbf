"""What each kind of address is, to whom it opens, and who may change something by it: the expectation of every test.

Read from what tests/hr/personas.py says of the personas and from the table of roles, never from hr/scope.py. An address
whose kind stands nowhere here fails the suite. A model needs no entry: its rows are seen by who holds its view
permission by a role, and if they point at an employee, by who sees him.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Model

from core.roles import ROLES
from tests.access.rows import NOBODYS, Row
from tests.hr.personas import EMPLOYEES, HEADS, Persona

# Rows that are shown to whom they belong, too: always, or while he may do this.
OWNED = {
    "core.user": None,
    "core.invitation": None,
    "hr.notification": None,
    "hr.importjob": "import",
    "hr.importrow": "import",
    "hr.exportlog": None,
    "hr.storedfile": None,
    "hr.storedfilechunk": None,
    "hr.changerequest": None,
}
# What is kept of people, seen and changed by who answers for them; to be allowed to see the person is not enough.
KEPT_OF_PEOPLE = {"hr.evaluation", "hr.answer", "hr.attendance", "hr.attendancecorrection", "hr.sessionmark"}
# Rows that have the rights of what they are part of.
PARTS = {
    "hr.formversion": "hr.evaluationform",
    "hr.question": "hr.evaluationform",
    "hr.answer": "hr.evaluation",
    "hr.attendancecorrection": "hr.attendance",
    "hr.sessionmark": "hr.attendance",
    "hr.eventsession": "hr.event",
    "hr.eventaudience": "hr.event",
}
# No page of theirs is open to who answers the form or reads a round of it, but he is told what it is called; and of a
# message who is notified of it.
CALLED, NOTIFIED = {"hr.evaluationform", "hr.formversion"}, {"hr.outboxmessage"}
# By a role alone, even where they name somebody.
OF_ROLES = {"hr.eventaudience"}
# Enrolled and marked by pages of their own.
ENROLMENTS = ("hr.attendance", "hr.attendancecorrection")
# Asked for on pages of its own, and decided.
REQUESTS = "hr.changerequest"
# What pages of a model can never do, whatever the role says: it is done elsewhere, or not at all.
NEVER = {
    "add": {"core.usergrant", "core.groupgrant", "core.invitation", "hr.formversion", REQUESTS, *ENROLMENTS},
    # An evaluation goes step by step; a version of a form, published as these are, stays as it is.
    "change": {"core.invitation", "hr.evaluation", "hr.formversion", *ENROLMENTS},
    "delete": {"core.usergrant", "core.groupgrant"},
}
# Which role right opens the pages of whose loads.
LOADABLE = ("hr.employee", "hr.orgunit", "hr.position", "hr.attendance")
# And which opens the list of exports.
EXPORTABLE = (*LOADABLE, "hr.evaluation")
MANAGERS = {*HEADS.values(), *(boss for _unit, boss in EMPLOYEES.values() if boss)}
STATUS = {"sandro": "suspended", "tomas": "terminated"}


# --- Who may do what ------------------------------------------------------------------------------------------------
def holds(who: Persona, verb: str, label: str) -> bool:
    """By one of his roles, over the whole organisation. Who may not log in holds nothing."""
    label = PARTS.get(label, label)
    rights = {right for name in who.roles for right in ROLES[name].rights.get(label, "").split()}
    return who.may_log_in and verb in rights


def sees(who: Persona, row: Row) -> bool:
    if not who.may_log_in:
        return False
    if holds(who, "view", row.label):
        return True
    if row.label == "hr.orgunit":
        return row.about in who.units
    if row.label in KEPT_OF_PEOPLE:
        return row.about == who.employee or (answers_for_people(who) and row.about in who.sees)
    if row.label in OF_ROLES:
        return False
    if row.label in {"hr.event", "hr.eventsession"}:
        return who.employee is not None and row.what != NOBODYS
    if row.label == "hr.eventkind":
        return True  # no secret
    if row.label in {"hr.evaluationround", "hr.question"}:
        return who.employee is not None  # everybody has an evaluation of it
    if row.label in OWNED:
        right = OWNED[row.label]
        return row.owner == who.key and (right is None or holds(who, right, "hr.employee"))
    return row.about is not None and row.about in who.sees


def is_told(who: Persona, row: Row) -> bool:
    """Whether what he sees names the row."""
    told = (row.label in CALLED and who.employee is not None) or row.label in NOTIFIED
    return sees(who, row) or (told and who.may_log_in)


def lists(who: Persona, label: str) -> bool:
    """Whether the list opens. One's own unit or position alone is no reason to show a list of it."""
    others = len(who.sees) > 1
    return who.may_log_in and (
        holds(who, "view", label)
        or label in {"hr.employee", "hr.notification", "hr.event"}
        or (label == "hr.importjob" and any(holds(who, "import", kind) for kind in LOADABLE))
        or (label == "hr.exportlog" and any(holds(who, "export", kind) for kind in EXPORTABLE))
        or (label == "hr.orgunit" and (others or bool(who.hires)))
        or (label == "hr.position" and others)
        or (label in {*KEPT_OF_PEOPLE, REQUESTS, "hr.evaluationround"} and who.employee is not None)
    )


def adds(who: Persona, label: str) -> bool:
    return label not in NEVER["add"] and (holds(who, "add", label) or (label == "hr.employee" and bool(who.hires)))


def changes(who: Persona, row: Row) -> bool:
    if row.label == "hr.employee":
        return row.about in who.changes
    return row.label not in NEVER["change"] and holds(who, "change", row.label)


def deletes(who: Persona, row: Row) -> bool:
    return row.label not in NEVER["delete"] and holds(who, "delete", row.label)


def employs(*statuses: str) -> Callable[[Persona, Row], bool]:
    """Changes the status of somebody who has one of these; never his own."""

    def rule(who: Persona, row: Row) -> bool:
        now = STATUS.get(row.about or "", "active")
        return now in statuses and row.about in who.changes and row.about != who.employee

    return rule


def manages(right: str) -> Callable[[Persona, Row], bool]:
    """Holds a right by role."""
    return lambda who, row: holds(who, right, row.label)


def sees_on_chart(who: Persona, row: Row) -> bool:
    return lists(who, "hr.orgunit") and sees(who, row)


def reads_grants(who: Persona, row: Row) -> bool:
    return sees(who, row) and holds(who, "view", "core.usergrant")


def gives_grants(who: Persona, row: Row) -> bool:
    return sees(who, row) and holds(who, "add", "core.usergrant")


def reads_grants_at_all(who: Persona, model: type[Model]) -> bool:
    return holds(who, "view", "core.usergrant")


def manages_somebody(who: Persona, model: type[Model]) -> bool:
    return who.employee in MANAGERS and who.may_log_in


def stands_in_or_manages(who: Persona, model: type[Model]) -> bool:
    return who.may_log_in and answers_for_people(who)


def ends_delegation(who: Persona, row: Row) -> bool:
    """The manager who gave it, and who may end any grant."""
    may_end = holds(who, "delete", "core.usergrant") and row.what.startswith("act_as_manager")
    return may_end or row.what == f"act_as_manager on {who.employee}"


def reads_own(who: Persona, row: Row) -> bool:
    return sees(who, row) and row.owner == who.key


def compares(who: Persona, row: object) -> bool:
    wanted = {"core.user", "hr.employee", "hr.outboxmessage"}
    return all(holds(who, "view", label) for label in wanted)


def repairs(who: Persona, row: object) -> bool:
    return compares(who, row) and holds(who, "repair", "hr.outboxmessage")


def answers_for_people(who: Persona) -> bool:
    """As a manager, or as one who stands in for one."""
    return who.employee in MANAGERS or who.key == "delegate"


def is_own(who: Persona, row: Row) -> bool:
    return row.about == who.employee


def grades(who: Persona, row: Row) -> bool:
    """Somebody else's evaluation."""
    may = holds(who, "grade", row.label) or (answers_for_people(who) and sees(who, row))
    return who.may_log_in and may and not is_own(who, row)


def grades_of_round(who: Persona, row: Row) -> bool:
    """Of the evaluations of a round, all of them submitted."""
    return sees(who, row) and (holds(who, "grade", "hr.evaluation") or answers_for_people(who))


def grades_somebody(who: Persona, model: type[Model]) -> bool:
    return holds(who, "grade", "hr.evaluation") or (who.may_log_in and answers_for_people(who))


def reads_results(who: Persona, row: Row) -> bool:
    return sees(who, row) and (holds(who, "view", "hr.evaluation") or answers_for_people(who))


def exports_results(who: Persona, row: Row) -> bool:
    return reads_results(who, row) and holds(who, "export", "hr.evaluation")


def gives_evaluations(who: Persona, row: Row) -> bool:
    return sees(who, row) and holds(who, "add", "hr.evaluationround")


def reads_audience(who: Persona, row: Row) -> bool:
    return holds(who, "view", "hr.event")


def knows_who_is_missing(who: Persona, row: object) -> bool:
    """Of what has to be attended, who sees the attendance of others."""
    return who.may_log_in and len(who.sees) > 1 and (not isinstance(row, Row) or sees(who, row))


def enrols(who: Persona, row: Row) -> bool:
    return sees(who, row) and (holds(who, "add", "hr.attendance") or answers_for_people(who))


def cancels(who: Persona, row: Row) -> bool:
    """An event or an evaluation by a role, an enrolment as who enrols, or one's own."""
    if row.label != "hr.attendance":
        return holds(who, "change", row.label)
    return enrols(who, row) or acts_for_himself(who, row)


def reminds(who: Persona, row: Row) -> bool:
    return knows_who_is_missing(who, row) and enrols(who, row)


def takes_rolls(who: Persona, row: Row) -> bool:
    return sees(who, row) and (holds(who, "mark", "hr.attendance") or answers_for_people(who))


def shows_screens(who: Persona, row: Row) -> bool:
    """Who may mark everybody enrolled, if anybody is."""
    return holds(who, "mark", "hr.attendance") and row.what != NOBODYS


def marks(who: Persona, row: Row) -> bool:
    """Somebody else's attendance, or a correction of it."""
    may = holds(who, "mark", "hr.attendance") or (answers_for_people(who) and sees(who, row))
    return who.may_log_in and may and not is_own(who, row)


def reads_report(who: Persona, model: type[Model]) -> bool:
    """Who sees the attendance of others."""
    return who.may_log_in and (holds(who, "view", "hr.attendance") or answers_for_people(who))


def exports_report(who: Persona, model: type[Model]) -> bool:
    return reads_report(who, model) and holds(who, "export", "hr.attendance")


def is_employee(who: Persona, row: object) -> bool:
    return who.may_log_in and who.employee is not None


def acts_for_himself(who: Persona, row: Row) -> bool:
    return is_employee(who, row) and is_own(who, row)


def asked_himself(who: Persona, row: Row) -> bool:
    return is_employee(who, row) and row.owner == who.key


def approves(who: Persona, row: Row) -> bool:
    """A correction of attendance, or what people asked of HR; neither his own."""
    return decides(who, row) if row.label == REQUESTS else marks(who, row)


def decides(who: Persona, row: Row) -> bool:
    return holds(who, "decide", REQUESTS) and row.owner != who.key and not is_own(who, row)


def takes_back(who: Persona, row: Row) -> bool:
    """The corrections were asked for by nobody here."""
    return row.label == REQUESTS and row.owner == who.key and who.may_log_in


def reports_people(who: Persona, model: object) -> bool:
    return who.may_log_in and answers_for_people(who)


def disowns(who: Persona, row: Row) -> bool:
    return reports_people(who, row) and sees(who, row) and not is_own(who, row)


def owns_load(who: Persona, row: Row) -> bool:
    return sees(who, row) and row.owner == who.key and holds(who, "import", "hr.employee")


def undoes(who: Persona, row: Row) -> bool:
    """His own load, or as who approves those of others."""
    return owns_load(who, row) or (holds(who, "approve", row.label) and holds(who, "import", "hr.employee"))


def nobody(who: Persona, row: object) -> bool:
    return False


def logged_in(who: Persona, row: object) -> bool:
    return who.may_log_in


def not_logged_in(who: Persona, row: object) -> bool:
    return not who.may_log_in


def everybody(who: Persona, row: object) -> bool:
    return True


# --- What an address is ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Page:
    """`row` is the argument that names a row (of `of`, or of the model whose page it is).

    `opens` and `writes` decide by persona and row, or by persona and model where there is no row: whether a GET shows
    something, and whether a POST may change something. `args` are values for the other arguments.
    """

    opens: Callable[[Persona, object], bool]
    writes: Callable[[Persona, object], bool] = nobody
    row: str | None = None
    of: str | None = None
    args: tuple[dict[str, object], ...] = ({},)
    leads_on: bool = False
    public: bool = False
    # It is about a grant on the row, too.
    granted: bool = False
    # The rows stand on the pages of this model alone.
    only: str | None = None


def by_label(rule: Callable[[Persona, str], bool]) -> Callable[[Persona, type[Model]], bool]:
    return lambda who, model: rule(who, model._meta.label_lower)


def spreadsheet(verb: str) -> Callable[[Persona, type[Model]], bool]:
    return lambda who, model: holds(who, verb, model._meta.label_lower)


def exports(who: Persona, model: type[Model]) -> bool:
    return lists(who, model._meta.label_lower) and holds(who, "export", model._meta.label_lower)


ROW = "object_id"
PAGES = {
    # Of any model.
    "changelist": Page(by_label(lists)),
    "add": Page(by_label(adds), by_label(adds)),
    "change": Page(sees, changes, row=ROW),
    "history": Page(sees, row=ROW),
    "delete": Page(deletes, deletes, row=ROW),
    "short": Page(logged_in, row=ROW, leads_on=True),
    # Of models with spreadsheets.
    "import": Page(spreadsheet("import")),
    "import_job": Page(sees, row="job_id", of="hr.importjob", only="hr.employee"),
    "import_mapping": Page(owns_load, row="job_id", of="hr.importjob", only="hr.employee", leads_on=True),
    "import_errors": Page(owns_load, row="job_id", of="hr.importjob", only="hr.employee"),
    "import_file": Page(nobody, row="job_id", of="hr.importjob", only="hr.employee"),
    "import_undo": Page(undoes, undoes, row="job_id", of="hr.importjob", only="hr.employee"),
    "import_roster": Page(owns_load, row="job_id", of="hr.importjob", only="hr.employee"),
    "export": Page(exports, args=({"format_": "csv"}, {"format_": "xlsx"})),
    "export_form": Page(exports),
    "template": Page(spreadsheet("import")),
    "sample": Page(spreadsheet("import"), args=({"name": "no-such-file"},)),
    # Of people.
    "move": Page(manages("change"), manages("change"), row=ROW),
    "change_boss": Page(manages("change"), manages("change"), row=ROW),
    "suspend": Page(employs("active"), employs("active"), row=ROW),
    "reactivate": Page(employs("suspended"), employs("suspended"), row=ROW),
    "terminate": Page(employs("active", "suspended"), employs("active", "suspended"), row=ROW),
    "rehire": Page(employs("terminated"), employs("terminated"), row=ROW),
    "invite": Page(manages("invite"), manages("invite"), row=ROW),
    # Of units.
    "set_head": Page(manages("change"), manages("change"), row=ROW),
    "chart": Page(by_label(lists)),
    "chart_level": Page(sees_on_chart, row="below"),
    "open_chart": Page(by_label(lists), leads_on=True),
    "reasons": Page(sees, row=ROW),
    "why": Page(reads_grants_at_all),
    "delegations": Page(stands_in_or_manages, manages_somebody),
    "end_delegation": Page(nobody, ends_delegation, row="grant_id", of="core.usergrant"),
    # Of events, all of them published, mandatory and yet to come.
    "calendar": Page(by_label(lists)),
    "mandatory": Page(knows_who_is_missing),
    "missing": Page(knows_who_is_missing, reminds, row=ROW),
    "audience": Page(reads_audience, manages("change"), row=ROW),
    "participants": Page(sees, enrols, row=ROW),
    "sessions": Page(sees, manages("change"), row=ROW),
    "publish": Page(manages("change"), row=ROW),
    "unpublish": Page(manages("change"), manages("change"), row=ROW),
    "start": Page(manages("change"), manages("change"), row=ROW),
    "complete": Page(manages("change"), row=ROW),
    "close": Page(manages("change"), row=ROW),
    "reopen": Page(manages("change"), row=ROW),
    "postpone": Page(manages("change"), manages("change"), row=ROW),
    "cancel": Page(cancels, cancels, row=ROW),
    "clone": Page(manages("add"), manages("add"), row=ROW),
    "evaluate": Page(gives_evaluations, gives_evaluations, row=ROW),
    # Of their rolls, and of corrections, all of them waiting.
    "roll_call": Page(takes_rolls, takes_rolls, row="event_id", of="hr.event"),
    "walk_ins": Page(takes_rolls, row="event_id", of="hr.event"),
    "sign_in_sheet": Page(takes_rolls, row="event_id", of="hr.event"),
    "screen": Page(shows_screens, row="event_id", of="hr.event"),
    "check_in": Page(is_employee),
    "report": Page(reads_report),
    "report_file": Page(exports_report),
    "mark": Page(marks, marks, row=ROW),
    "ask_correction": Page(nobody, row=ROW),
    "correct": Page(nobody, row=ROW),
    "approve": Page(approves, approves, row=ROW),
    "reject": Page(approves, approves, row=ROW),
    "take_back": Page(takes_back, takes_back, row=ROW),
    # About oneself, and what is asked of HR.
    "profile": Page(is_employee, is_employee),
    "mine": Page(is_employee),
    "my_calendar": Page(is_employee),
    "calendar_file": Page(sees, row=ROW),
    "register": Page(nobody, row="event_id"),
    "confirm_own": Page(nobody, acts_for_himself, row="attendance_id"),
    "give_up": Page(nobody, acts_for_himself, row="attendance_id"),
    "ask": Page(is_employee, is_employee),
    "open_ask": Page(is_employee, leads_on=True),
    "missing_people": Page(reports_people, reports_people),
    "open_missing": Page(reports_people, leads_on=True),
    "not_mine": Page(disowns, disowns, row=ROW),
    "withdraw_own": Page(nobody, asked_himself, row="request_id"),
    # Of evaluations, all of them submitted, and of their forms and rounds.
    "queue": Page(grades_somebody, leads_on=True),
    "answer": Page(is_own, row=ROW),
    "grade": Page(grades, grades, row=ROW),
    "open_grading": Page(grades, row=ROW, leads_on=True),
    "open_queue": Page(grades_of_round, row=ROW, leads_on=True),
    "extend": Page(nobody, row=ROW),
    "send_back": Page(grades, grades, row=ROW),
    "reopen_grading": Page(nobody, row=ROW),
    "withdraw": Page(nobody, row=ROW),
    "results": Page(reads_results, row=ROW),
    "results_file": Page(exports_results, row=ROW),
    "give": Page(manages("change"), manages("change"), row=ROW),
    "new_version": Page(manages("change"), manages("change"), row=ROW),
    "publish_version": Page(nobody, row=ROW),
    "preview": Page(sees, row=ROW),
    # Of exports, all of them being made.
    "file": Page(nobody, row=ROW),
    "stop": Page(nobody, reads_own, row=ROW),
    # Of what may be granted on.
    "grants": Page(reads_grants, gives_grants, row=ROW),
    "renew_grant": Page(gives_grants, gives_grants, row=ROW, granted=True),
    "end_grant": Page(nobody, gives_grants, row=ROW, granted=True),
    # Of users.
    "send_link": Page(manages("change"), manages("change"), row=ROW),
    # Of notifications and messages.
    "inbox": Page(logged_in, logged_in),
    "open": Page(nobody, reads_own, row=ROW),
    "system": Page(compares, repairs),
    # Of nobody in particular.
    "index": Page(logged_in),
    "search": Page(logged_in, args=({"s": "z"},)),
    "app_list": Page(logged_in, args=({"app_label": "hr"},)),
    "jsi18n": Page(logged_in),
    "autocomplete": Page(nobody),
    "password_change": Page(logged_in),
    "password_change_done": Page(logged_in),
    "anything": Page(nobody, args=({"url": "no-such-page"},)),
    # Before anybody is logged in.
    "login": Page(not_logged_in, public=True),
    "logout": Page(nobody, public=True),
    "set_language": Page(nobody, public=True),
    "accept_invitation": Page(nobody, public=True, args=({"secret": "x" * 43},)),
    "activate": Page(everybody, public=True),
    "admin_password_reset": Page(everybody, public=True),
}

# Whom of a model the forged requests are about: one that many see, one that few see, and those with another status.
TARGETS = ("luisa", "fabio", "pablo", "sandro", "tomas", "sales", "finance")


def targets(rows: list[Row], who: Persona) -> list[Row]:
    """One row he sees and one he does not, his own first; of people also those with another status."""
    known = [row for row in rows if (row.about in EMPLOYEES and row.about == who.employee) or row.owner == who.key]
    named = [row for row in rows if row.about in TARGETS]
    found = list(dict.fromkeys([*known, *named])) or rows
    seen = [row for row in found if sees(who, row)]
    unseen = [row for row in found if not sees(who, row)] or [row for row in rows if not sees(who, row)]
    return [*seen[:2], *unseen[:2]] if rows[0].label == "hr.employee" else [*seen[:1], *unseen[:1]]
