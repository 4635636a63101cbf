"""The pages of axes and of the task queue, on our base admin. Their own registrations come first and are replaced."""

import axes.admin
import django_tasks_db.admin
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.http import HttpRequest
from django_tasks_db.models import DBTaskResult
from unfold.contrib.filters.admin import RangeDateTimeFilter

from core.admin.base import BackofficeAdmin

for model in (AccessAttempt, AccessFailureLog, AccessLog, DBTaskResult):
    admin.site.unregister(model)


class ReadOnly(BackofficeAdmin):
    """Log rows: nobody adds or changes them."""

    date_hierarchy = None
    actions = None
    # In the order in which they came, which the key has and their time has no index for.
    ordering = ["-pk"]
    list_filter = [("attempt_time", RangeDateTimeFilter)]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnly, axes.admin.AccessAttemptAdmin):
    """Failed logins that still count. Deleting one lifts a lock at once."""

    list_display = ["username", "ip_address", "failures_since_start", "attempt_time", "user_agent"]
    fieldsets = None
    fields = ["username", "ip_address", "failures_since_start", "attempt_time", "user_agent", "path_info"]


@admin.register(AccessFailureLog)
class AccessFailureLogAdmin(ReadOnly, axes.admin.AccessFailureLogAdmin):
    pass


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnly, axes.admin.AccessLogAdmin):
    pass


@admin.register(DBTaskResult)
class DBTaskResultAdmin(ReadOnly, django_tasks_db.admin.DBTaskResultAdmin):
    list_filter = ["status", "queue_name"]
    ordering = ["-enqueued_at"]
