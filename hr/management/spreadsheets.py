"""What the import and export commands share: one argument list, one line of JSON, one meaning of the exit code."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
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
from hr.loading import engine
from hr.loading.catalogue import Catalogue
from hr.loading.kinds import KINDS, Kind
from hr.loading.lines import Line
from hr.loading.plan import Outcome, Plan
from hr.loading.reading import check_size
from hr.models import Event
from hr.services.exports import export_to_path

ALL_IN, ROWS_FAILED, UNUSABLE = 0, 2, 1


class SpreadsheetCommand(BaseCommand):
    """`kind_name` says which rows go in or out."""

    kind_name: ClassVar[str]
    verb: ClassVar[str]
    accept_valid_help: ClassVar[str]
    # The system's own checks are `manage.py check`; a load is not the moment for them.
    requires_system_checks: list[str] = []  # type: ignore[assignment]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help=".xlsx, or .csv")
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
        return asdict(Outcome()) | {"errors": [{"row": None, "column": None, "value": None, "message": message}]}

    def end(self, code: int, report: dict[str, Any], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self.tell(report)
        if code:
            raise SystemExit(code)

    def tell(self, report: dict[str, Any]) -> None:
        for error in report["errors"]:
            place = _("row %(row)s, %(column)s") % error if error["row"] else ""
            value = f" «{error['value']}»" if error["value"] else ""
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
    accept_valid_help = "write valid rows even if others are faulty"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--create-missing", action="store_true", help="create unknown units and positions")
        if self.kind.of_events:
            parser.add_argument("--event", metavar="CODE", help="the event all rows are about, where they name none")

    def work(self, user: User | None, options: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        accept_valid, create_missing = options["accept_valid"], options["create_missing"]
        path: Path = options["file"]
        check_size(path.stat().st_size)
        event_id = self._event(options["event"], user) if options.get("event") else None
        sheet = engine.read_file(path.read_bytes(), self.kind, event_id=event_id)
        if options["dry_run"]:
            plan = engine.check(sheet, self.kind, user=user, create_missing=create_missing)
            outcome = plan.outcome(accept_valid=accept_valid)
        else:
            plan, outcome = engine.load(
                sheet,
                self.kind,
                actor=user,
                file_name=path.name[-255:],
                accept_valid=accept_valid,
                create_missing=create_missing,
                source="cli",
            )
        self._warn(plan)
        errors = [_as_json(line, error) for line in plan.lines for error in line.errors]
        return ROWS_FAILED if outcome.failed else ALL_IN, asdict(outcome) | {"errors": errors}

    @staticmethod
    def _event(code: str, user: User | None) -> int:
        events = Event.objects.all() if user is None else Event.objects.visible_to(user)
        event = Catalogue(events, "title").coded(code)
        if event is None:
            raise NotFound(_("No event has the code %(code)s.") % {"code": code})
        return event

    def _warn(self, plan: Plan) -> None:
        if unknown := plan.sheet.mapping.unknown:
            self.stderr.write(_("Unknown columns, not loaded: %(columns)s.") % {"columns": ", ".join(unknown)})

    def tell(self, report: dict[str, Any]) -> None:
        super().tell(report)
        if report["rows"]:
            self.stdout.write(
                _(
                    "%(rows)d rows: %(created)d new, %(updated)d changed, %(unchanged)d unchanged, "
                    "%(skipped)d skipped, %(failed)d faulty."
                )
                % report
            )


class ExportCommand(SpreadsheetCommand):
    """Exit code 0: the file is written; 1: it could not be, or this is not allowed."""

    verb = "export"
    accept_valid_help = "as of the import commands; without effect here, where no row can be faulty"

    def work(self, user: User | None, options: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        rows = export_to_path(self.kind, options["file"], user=user, dry_run=options["dry_run"])
        # Written out, a row stays as it is.
        return ALL_IN, asdict(Outcome(rows=rows, unchanged=rows)) | {"errors": []}

    def tell(self, report: dict[str, Any]) -> None:
        super().tell(report)
        if not report["errors"]:
            self.stdout.write(_("%(rows)d rows written.") % report)


def _as_json(line: Line, error: Any) -> dict[str, Any]:
    return {"row": line.number, "column": error.column, "value": error.value, "message": error.message}


def _language_of_system() -> str:
    """English where the shell speaks it, Spanish elsewhere."""
    shell = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if shell.startswith("en") else settings.LANGUAGE_CODE
