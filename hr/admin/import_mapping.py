"""The form of the mapping page: how the file was read, and which column fills which field; all of it may be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from hr.admin.audience_form import RowField
from hr.loading.discretion import Discretion
from hr.loading.kinds import KINDS
from hr.loading.matrix import is_session
from hr.loading.options import Note, Reading
from hr.models import Attendance, Event, ImportJob
from hr.resources.base import is_advice

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252",
    "latin-1": "ISO-8859-1",
}
DELIMITERS = {
    ",": gettext_lazy("comma ,"),
    ";": gettext_lazy("semicolon ;"),
    "\t": gettext_lazy("tab"),
    "|": gettext_lazy("bar |"),
}
DATE_ORDERS = {
    "dmy": gettext_lazy("day/month/year: 31/12/2024"),
    "mdy": gettext_lazy("month/day/year: 12/31/2024"),
    "ymd": gettext_lazy("year/month/day: 2024/12/31"),
}
# What a column may be beside a field: both names in one, and of a sheet with a column for each session one of these.
FULL_NAME, SESSION = "full_name", "session"
# What, once changed, makes another table of the file: columns chosen before mean nothing then.
LAYOUT = ("sheet", "encoding", "delimiter", "header_row")
SAMPLES = 3
LONGEST_SAMPLE = 40


def read_as(job: ImportJob) -> list[str]:
    """How its file was read, as far as a loader may want it otherwise."""
    found = {name: job.reading.get(name, "") for name in (*LAYOUT, "date_order")}
    told = {
        "sheet": found["sheet"],
        "encoding": ENCODINGS.get(found["encoding"], found["encoding"].upper()),
        "delimiter": DELIMITERS.get(found["delimiter"], found["delimiter"]),
        "header_row": found["header_row"],
        "date_order": DATE_ORDERS.get(found["date_order"], ""),
    }
    return [f"{MappingForm.base_fields[name].label}: {text}" for name, text in told.items() if text]


@dataclass(frozen=True)
class ColumnRow:
    """One column of the file on the page. `asked` is a question about it, "" without one."""

    header: str
    samples: list[str]
    field: Any
    asked: str
    advice: bool


class MappingForm(forms.Form):
    """Starts with what was found in the file, changed by what was chosen before."""

    sheet = forms.ChoiceField(label=gettext_lazy("Sheet"), required=False, widget=UnfoldAdminSelectWidget)
    encoding = forms.ChoiceField(label=gettext_lazy("Encoding"), required=False, widget=UnfoldAdminSelectWidget)
    delimiter = forms.ChoiceField(label=gettext_lazy("Separator"), required=False, widget=UnfoldAdminSelectWidget)
    header_row = forms.IntegerField(
        label=gettext_lazy("Row of the header"),
        required=False,
        min_value=1,
        max_value=1000,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
    )
    date_order = forms.ChoiceField(label=gettext_lazy("Dates"), required=False, widget=UnfoldAdminSelectWidget)
    split_names = forms.BooleanField(
        label=gettext_lazy("One column holds first and last names: split them"), required=False
    )
    last_name_first = forms.BooleanField(label=gettext_lazy("The last name comes first"), required=False)
    matrix = forms.BooleanField(
        label=gettext_lazy("One row for each person, one column for each session, a mark where somebody came"),
        required=False,
    )

    event = RowField(Attendance, "event", label=gettext_lazy("Event"), required=False)

    def __init__(self, *args: Any, job: ImportJob, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.job, self.reading = job, job.reading
        self.resource = KINDS[job.resource].resource
        self.discretion = Discretion(job, user)
        self.questions = [self._asked_of_reader(question) for question in self.reading.get("questions", [])]
        self._offer()
        if "event" in self.fields:
            self.fields["event"].queryset = Event.objects.visible_to(user)
        for name in self.fields:
            self.initial[name] = job.options.get(name, self.reading.get(name))
        self.initial["event"] = job.event_id
        if self.initial["date_order"] not in DATE_ORDERS:
            self.initial["date_order"] = ""
        fields = [("", _("– not loaded –")), *((name, column.header) for name, column in self.resource.columns.items())]
        if "first_name" in self.resource.columns:
            fields.append((FULL_NAME, _("First and last name in one")))
        for at, (_header, field) in enumerate(self.columns):
            self.fields[f"column_{at}"] = forms.ChoiceField(
                choices=fields, required=False, widget=UnfoldAdminSelectWidget, initial=field or ""
            )

    @property
    def columns(self) -> list[tuple[str, str | None]]:
        return self.reading.get("columns", [])

    def _offer(self) -> None:
        """Only what this file can be asked: a workbook has sheets, a text an encoding."""
        self._choose("sheet", {name: name for name in self.reading.get("sheets", [])})
        text = self.reading.get("format") == "csv"
        self._choose("encoding", ENCODINGS if text else {})
        self._choose("delimiter", DELIMITERS if text else {})
        self._choose("date_order", {"": _("– choose –") if self._asks("date_order") else _("as found")} | DATE_ORDERS)
        people = "first_name" in self.resource.columns
        if not people:
            del self.fields["split_names"], self.fields["last_name_first"]
        if not KINDS[self.job.resource].of_events:
            del self.fields["matrix"], self.fields["event"]

    def _choose(self, name: str, choices: dict[str, Any]) -> None:
        """What was found is offered even if nobody thought of it."""
        found = self.reading.get(name)
        if not choices or (name == "sheet" and len(choices) < 2):
            del self.fields[name]
            return
        if found and found not in choices and found != "ambiguous":
            choices = choices | {found: found}
        self.fields[name].choices = list(choices.items())  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        taken: dict[str, str] = {}
        for at, (header, found) in enumerate(self.columns):
            if found == SESSION == given.get(f"column_{at}") and self._was_denied():
                given[f"column_{at}"] = ""
            field = given.get(f"column_{at}")
            if field in taken and not (field == SESSION and given.get("matrix")):
                text = _("%(first)s and %(second)s cannot both be this. Choose one of them.")
                self.add_error(f"column_{at}", text % {"first": f"«{taken[field]}»", "second": f"«{header}»"})
            elif field:
                taken[field] = header
        if self._asks("event") and not given.get("event") and "event" not in taken:
            self.add_error("event", _("Choose the event, or the column that names it."))
        if self._asks("date_order") and not given.get("date_order"):
            self.add_error("date_order", _("Say in which order days are written."))
        return given

    def options(self) -> dict[str, Any]:
        """What the loader chose, beside what was found: only that is kept, and remembered for the same header."""
        chosen = dict(self.job.options)
        for name in [name for name in self.fields if name != "event" and not name.startswith("column_")]:
            if name in chosen or self._differs(name):
                chosen[name] = self.cleaned_data[name]
        if any(chosen.get(name, self.reading.get(name)) != self.reading.get(name) for name in LAYOUT):
            chosen.pop("columns", None)
            return chosen
        found = {str(at): field for at, (_header, field) in enumerate(self.columns)}
        columns = {at: self.cleaned_data[f"column_{at}"] or None for at in found}
        if columns != found or self._asks("columns"):
            # Of a matrix that is denied nothing is said of sessions known by their headers: the next file may be one.
            chosen["columns"] = {at: field for at, field in columns.items() if not self._is_denied_session(int(at))}
        return chosen

    def _differs(self, name: str) -> bool:
        """Whether the loader wants it otherwise than was found, or was asked; a tick taken away says so too."""
        value, found = self.cleaned_data[name], self.reading.get(name)
        if isinstance(value, bool):
            return value != bool(found) or self._asks(name)
        return value not in ("", None) and value != found

    def _was_denied(self) -> bool:
        return bool(self.reading.get("matrix")) and not self.cleaned_data.get("matrix")

    def _is_denied_session(self, at: int) -> bool:
        header, field = self.columns[at]
        return self._was_denied() and field == SESSION and is_session(header)

    def event_id(self) -> int | None:
        event = self.cleaned_data.get("event")
        return event.pk if event else None

    def _asks(self, code: str) -> bool:
        return any(question["code"] == code for question in self.questions)

    def _asked_of_reader(self, question: dict[str, Any]) -> dict[str, Any]:
        """Which order days are in is asked with examples, which may be personal."""
        if question["code"] != "date_order" or not self.discretion.hides_file:
            return question
        return question | {"message": _("Some dates can be read in two ways. Which order is right?")}

    def notes(self) -> list[Note]:
        return Reading.from_json(self.reading).notes

    def settings(self) -> list[Any]:
        """The bound fields about the file as a whole that are chosen from lists."""
        return [self[name] for name in (*LAYOUT, "date_order") if name in self.fields]

    def ticks(self) -> list[Any]:
        return [self[name] for name in ("split_names", "last_name_first", "matrix") if name in self.fields]

    def asked(self) -> set[str]:
        """The names of the fields that a question is about, for the page to point at."""
        return {question["code"] for question in self.questions}

    def rows(self) -> list[ColumnRow]:
        sample, hidden = self.reading.get("sample", []), self.discretion.hides_of(None)
        asked = {question.get("column"): question["message"] for question in self.questions if question.get("column")}
        return [
            ColumnRow(
                header,
                []
                if hidden and self.discretion.is_personal(header, field)
                else [str(row[at])[:LONGEST_SAMPLE] for row in sample if at < len(row) and row[at]][:SAMPLES],
                self[f"column_{at}"],
                asked.get(header, "") if header else "",
                is_advice(header),
            )
            for at, (header, field) in enumerate(self.columns)
        ]
