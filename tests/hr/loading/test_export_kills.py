"""A worker killed at any step of an export: the next one makes the file, once and whole."""

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from core.roles import HR_MANAGER
from hr.admin.export_rows import rows_of_list
from hr.loading import export_jobs
from hr.models import ExportLog, OutboxMessage, StoredFile
from hr.services import exports, files
from tests.factories import make_employee, make_user
from tests.hr.faults.killing import in_child

MOST_STEPS = 100


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_kill_at_any_step_ends_with_one_whole_file():
    hr = make_user("hr", role=HR_MANAGER)
    for number in range(3):
        make_employee(code=f"E{number}")
    kills = 0
    for step in range(1, MOST_STEPS):
        StoredFile.objects.all().delete()
        row = exports.ask(exports.Asked("employees", "csv", "people.csv", "", ("code",)), actor=hr)

        ended = in_child(lambda row=row: export_jobs.run(row.pk, rows_of_list), kill_at=step)
        ExportLog.objects.filter(state="running").update(heartbeat_at=timezone.now() - timedelta(hours=1))
        woken = export_jobs.wake_stalled()
        in_child(lambda row=row: export_jobs.run(row.pk, rows_of_list))

        row = ExportLog.objects.select_related("file").get(pk=row.pk)
        assert (row.state, row.rows) == ("done", 3), step
        assert hashlib.sha256(files.read_file(row.file)).hexdigest() == row.sha256
        assert OutboxMessage.objects.filter(key=f"export.done/{row.pk}").count() == 1
        # What the killed one left is taken away by the clock within a week.
        left = StoredFile.objects.exclude(pk=row.file_id)
        assert not left.filter(expires_at=None).exists()
        if not ended.was_killed:
            assert woken == 0
            break
        kills += 1
    assert 10 <= kills < MOST_STEPS - 1
