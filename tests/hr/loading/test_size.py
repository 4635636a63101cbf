"""The promise of size: 10,000 new people with new units and bosses, previewed and written within a minute."""

import io
import time

import pytest

from core.roles import HR_MANAGER
from hr.demo.workbook import write_sample_workbook
from hr.loading import jobs
from hr.loading.kinds import KINDS
from hr.models import Employee, OrgUnit
from hr.services import imports
from tests.factories import make_unit, make_user

SECONDS = 60


@pytest.mark.slow
def test_ten_thousand_people_on_the_embedded_engine(db):
    load_ten_thousand()


@pytest.mark.slow
@pytest.mark.servers
def test_ten_thousand_people_on_the_servers(db):
    load_ten_thousand()


def load_ten_thousand():
    make_unit("Empresa")
    hr = make_user(role=HR_MANAGER)
    file = io.BytesIO()
    write_sample_workbook(file)

    started = time.monotonic()
    job = imports.upload(KINDS["employees"], "sample.xlsx", file.getvalue(), actor=hr, create_missing=True)
    jobs.run(job.pk)
    imports.confirm(job.pk, actor=hr)
    jobs.run(job.pk)
    seconds = time.monotonic() - started

    job.refresh_from_db()
    assert (job.state, job.created, job.failed) == ("applied", 10_000, 0)
    assert Employee.objects.count() == Employee.history.count() == 10_000
    assert Employee.objects.filter(reports_to=None).count() == 1
    assert OrgUnit.objects.count() == 102
    assert seconds < SECONDS
