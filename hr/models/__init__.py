from hr.models.attendance import Attendance, AttendanceCorrection, Decision, MarkedFrom, Outcome, SessionMark
from hr.models.change_request import ChangeRequest
from hr.models.denied_attempt import DeniedAttempt
from hr.models.employee import Employee
from hr.models.evaluation import Answer, Evaluation, EvaluationForm, EvaluationRound, FormVersion, Question
from hr.models.event import Event, EventAudience, EventKind, EventSession
from hr.models.event_figures import EventFigures, FiguresDue
from hr.models.export_log import ExportLog
from hr.models.imports import ColumnMapping, ImportJob, ImportRow
from hr.models.org_unit import OrgUnit
from hr.models.outbox import Lease, Notification, OutboxMessage
from hr.models.position import Position
from hr.models.stored_file import StoredFile, StoredFileChunk

__all__ = [
    "Answer",
    "Attendance",
    "AttendanceCorrection",
    "ChangeRequest",
    "ColumnMapping",
    "Decision",
    "DeniedAttempt",
    "Employee",
    "Evaluation",
    "EvaluationForm",
    "EvaluationRound",
    "Event",
    "EventAudience",
    "EventFigures",
    "EventKind",
    "EventSession",
    "ExportLog",
    "FiguresDue",
    "FormVersion",
    "ImportJob",
    "ImportRow",
    "Lease",
    "MarkedFrom",
    "Notification",
    "OrgUnit",
    "OutboxMessage",
    "Outcome",
    "Position",
    "Question",
    "SessionMark",
    "StoredFile",
    "StoredFileChunk",
]
