from hr.models.denied_attempt import DeniedAttempt
from hr.models.employee import Employee
from hr.models.imports import ImportJob, ImportRow
from hr.models.org_unit import OrgUnit
from hr.models.outbox import Lease, Notification, OutboxMessage
from hr.models.position import Position
from hr.models.stored_file import StoredFile, StoredFileChunk

__all__ = [
    "DeniedAttempt",
    "Employee",
    "ImportJob",
    "ImportRow",
    "Lease",
    "Notification",
    "OrgUnit",
    "OutboxMessage",
    "Position",
    "StoredFile",
    "StoredFileChunk",
]
