"""What time makes superfluous, and the clock takes away at night."""

from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from core import access
from hr.loading import export_jobs, jobs
from hr.models import ImportJob, StoredFile
from hr.services import delivery, denials, files

TASKS_KEPT_DAYS = 7
NOTIFICATIONS_KEPT = timedelta(days=180)


def clean_up() -> None:
    """Everything that is done once a night."""
    jobs.clean_up()
    export_jobs.clean_up()
    drop_expired_files()
    denials.drop_old()
    delivery.drop_old(before=timezone.now() - NOTIFICATIONS_KEPT)
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    call_command("prune_db_task_results", min_age_days=TASKS_KEPT_DAYS, verbosity=0)
    access.clean_orphans()


def drop_expired_files() -> int:
    """Files whose last day has passed and which no load holds any more; returns how many."""
    over = StoredFile.objects.filter(expires_at__lt=timezone.now()).exclude(
        pk__in=ImportJob.objects.exclude(file=None).values("file_id")
    )
    expired = list(over)
    for file in expired:
        files.drop_file(file)
    return len(expired)
