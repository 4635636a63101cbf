"""What the import and export commands share: one argument list, one line of JSON, one meaning of the exit code."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.utils import translation
from django.utils.translation import gettext as _

from core.errors import DomainError, NotAllowed, NotFound
from core.models import User
from hr.loading.catalogue import Catalogue
from hr.loading.errors import OpenQuestion, UnusableFile
from hr.loading.kinds import KINDS, Kind
from hr.loading.options import DATE_ORDERS, ENCODINGS, Note, Options
from hr.loading.plan import Outcome
from hr.loading.reading import check_size
from hr.models import Employee, Event, ImportJob
from hr.services.command_loads import load_file, undo_load
from hr.services.exports import export_to_path

ALL_IN, ROWS_FAILED, UNUSABLE = 0, 2, 1
# A tab is hard to type in a shell.
SEPARATORS = {",": ",", ";": ";", "tab": "\t", "|": "|"}
# What answers a question about the file, by its code.
ANSWERS = {
    "date_order": f"--date-order {'|'.join(DATE_ORDERS)}",
    "event": "--event CODE",
    "split_names": "--split-names|--no-split-names",
}


class SpreadsheetCommand(BaseCommand):
    """`kind_name` says which rows go in or out."""

    kind_name: ClassVar[str]
    verb: ClassVar[str]
    accept_valid_help: ClassVar[str]
    files_named: ClassVar[str | None] = None
    # The system's own checks are `manage.py check`; a load is not the moment for them.
    requires_system_checks: list[str] = []  # type: ignore[assignment]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", nargs=self.files_named, help=".xlsx, or .csv")
        parser.add_argument("--user", help="act with the rights of this user (name or e-mail); without it: all rights")
        parser.add_argument("--dry-run", action="store_true", help="tell what would happen, write nothing")
        parser.add_argument("--accept-valid", action="store_true", help=self.accept_valid_help)
        parser.add_argument("--json", action="store_true", help="print one line of JSON")
        parser.add_argument(
            "--language",
            choices=[code for code, _name in settings.LANGUAGES],
            help="of messages and headers; by default the user's, else LANG's, else Spanish",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(options["language"] or settings.LANGUAGE_CODE):
            try:
                user = self._user(options["user"])
            except DomainError as error:
                self.end(UNUSABLE, self.refusal(str(error)), options)
        language = options["language"] or (user.language if user else _language_of_system())
        with translation.override(language):
            try:
                if user and not user.has_perm(self.kind.right(self.verb)):
                    raise NotAllowed(_("%(user)s may not do this.") % {"user": user})
                code, report = self.work(user, options)
            except DomainError as error:
                code, report = UNUSABLE, self.refusal(str(error))
            except OSError as error:
                code, report = UNUSABLE, self.refusal(f"{options['file']}: {error.strerror}")
            self.end(code, report, options)

    def work(self, user: User | None, options: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Do it; returns the exit code and the report."""
        raise NotImplementedError

    def refusal(self, message: str) -> dict[str, Any]:
        """The report of a file, or a user, with whom nothing was begun."""
        return _as_json(Outcome(), errors=[{"row": None, "column": None, "value": None, "message": message}])

    def end(self, code: int, report: dict[str, Any], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self.tell(report)
        if code:
            raise SystemExit(code)

    def tell(self, report: dict[str, Any]) -> None:
        for error in report["errors"]:
            named = {"row": error["row"], "column": error.get("column") or error.get("label", "")}
            place = _("row %(row)s, %(column)s") % named if error["row"] else error.get("label", "")
            value = f" «{error['value']}»" if error.get("value") else ""
            self.stderr.write(f"{place}{value}: {error['message']}" if place else error["message"])

    @property
    def kind(self) -> Kind:
        return KINDS[self.kind_name]

    @staticmethod
    def _user(name: str | None) -> User | None:
        if name is None:
            return None
        users = get_user_model().objects.filter(is_active=True)
        user = users.filter(username__iexact=name).first() or users.filter(email__iexact=name).first()
        if user is None:
            raise NotAllowed(_("There is no active user %(name)s.") % {"name": name})
        return user


class ImportCommand(SpreadsheetCommand):
    """Exit code 0: all is in (or would be); 2: rows are faulty; 1: the file is unusable, or this is not allowed."""

    verb = "import"
    files_named = "?"
    accept_valid_help = "write valid rows even if others are faulty"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--create-missing", action="store_true", help="create unknown units and positions")
        parser.add_argument("--mode", choices=ImportJob.Mode.values, default=ImportJob.Mode.BOTH.value, help="of rows")
        parser.add_argument("--undo", metavar="JOB", type=int, help="take back what this load wrote; without FILE")
        parser.add_argument("--sheet", metavar="NAME", help="of a workbook; by default the first with known headers")
        parser.add_argument("--encoding", choices=ENCODINGS, help="of a text file; by default as found")
        parser.add_argument("--separator", choices=SEPARATORS, help="of a text file; by default as found")
        parser.add_argument("--date-order", choices=DATE_ORDERS, help="of days written as text, where nothing tells it")
        if self.kind.model is Employee:
            parser.add_argument(
                "--split-names",
                action=BooleanOptionalAction,
                help="whether a column holds first and last names in one",
            )
            parser.add_argument("--full-roster", action="store_true", help="tell how many active people it lacks")
        if self.kind.of_events:
            parser.add_argument("--event", metavar="CODE", help="the event all rows are about, where they name none")

    def work(self, user: User | None, options: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if options["undo"] is not None:
            return self._undo(options["undo"], user, options)
        path: Path | None = options["file"]
        if path is None:
            raise UnusableFile(_("Name the file to load."))
        check_size(path.stat().st_size)
        roster = bool(options.get("full_roster"))
        try:
            report = load_file(
                self.kind,
                path.name[-255:],
                path.read_bytes(),
                actor=user,
                accept_valid=options["accept_valid"],
                dry_run=options["dry_run"],
                create_missing=options["create_missing"],
                mode=options["mode"],
                full_roster=roster,
                event_id=self._event(options["event"], user) if options.get("event") else None,
                options=_reading_options(options).as_json(),
            )
        except OpenQuestion as question:
            raise UnusableFile(_told_with_answer(question)) from question
        if report.unknown_columns:
            columns = ", ".join(report.unknown_columns)
            self.stderr.write(_("Unknown columns, not loaded: %(columns)s.") % {"columns": columns})
        for note in report.notes:
            self.stderr.write(note.told())
        missing = {"missing": report.missing} if roster else {}
        code = UNUSABLE if report.waits else ROWS_FAILED if report.outcome.failed or report.errors else ALL_IN
        return code, missing | _as_json(report.outcome, number=report.number, notes=report.notes, errors=report.errors)

    def _undo(self, number: int, user: User | None, options: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        done = undo_load(self.kind, number, actor=user, dry_run=options["dry_run"])
        kept = [{"row": row.number, "label": row.label, "message": row.reason} for row in done.rows]
        report = {"job": number, "removed": done.removed, "restored": done.restored, "kept": done.kept}
        return ROWS_FAILED if done.kept else ALL_IN, report | {"errors": kept}

    @staticmethod
    def _event(code: str, user: User | None) -> int:
        events = Event.objects.all() if user is None else Event.objects.visible_to(user)
        event = Catalogue(events, "title").coded(code)
        if event is None:
            raise NotFound(_("No event has the code %(code)s.") % {"code": code})
        return event

    def tell(self, report: dict[str, Any]) -> None:
        super().tell(report)
        if "removed" in report:
            self.stdout.write(_("%(removed)d removed, %(restored)d restored, %(kept)d kept.") % report)
        if "missing" in report:
            self.stdout.write(_("%(missing)d active people are missing from the file.") % report)
        if report.get("rows"):
            self.stdout.write(
                _(
                    "%(rows)d rows: %(created)d new, %(updated)d changed, %(unchanged)d unchanged, "
                    "%(skipped)d skipped, %(failed)d faulty."
                )
                % report
            )
            if report["job"] and (report["created"] or report["updated"]):
                self.stdout.write(_("Load %(job)d; --undo %(job)d takes it back.") % report)


class ExportCommand(SpreadsheetCommand):
    """Exit code 0: the file is written; 1: it could not be, or this is not allowed."""

    verb = "export"
    accept_valid_help = "as of the import commands; without effect here, where no row can be faulty"

    def work(self, user: User | None, options: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        rows = export_to_path(self.kind, options["file"], user=user, dry_run=options["dry_run"])
        # Written out, a row stays as it is.
        return ALL_IN, _as_json(Outcome(rows=rows, unchanged=rows))

    def tell(self, report: dict[str, Any]) -> None:
        super().tell(report)
        if not report["errors"]:
            self.stdout.write(_("%(rows)d rows written.") % report)


def _as_json(
    outcome: Outcome,
    *,
    number: int | None = None,
    notes: Iterable[Note] = (),
    errors: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """The same keys whatever became of it."""
    return {"job": number} | asdict(outcome) | {"notes": [asdict(note) for note in notes], "errors": list(errors)}


def _reading_options(options: dict[str, Any]) -> Options:
    """How the file is to be read, as far as the command line says."""
    return Options(
        sheet=options["sheet"],
        encoding=options["encoding"],
        delimiter=SEPARATORS.get(options["separator"]),
        date_order=options["date_order"],
        split_names=options.get("split_names"),
    )


def _told_with_answer(question: OpenQuestion) -> str:
    """The question, and the option that answers it."""
    if question.code not in ANSWERS:
        return question.message
    return f"{question.message} {_('Say it with %(option)s.') % {'option': ANSWERS[question.code]}}"


def _language_of_system() -> str:
    """English where the shell speaks it, Spanish elsewhere."""
    shell = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if shell.startswith("en") else settings.LANGUAGE_CODE
