"""Many people save one row at once: whoever was late is refused and told why, and nothing is lost."""

import threading

import pytest
from django.db import connections
from django.utils import translation

from core.errors import StaleRow
from hr.models import Employee
from hr.services.employees import change_employees
from tests.factories import make_employee, make_user

EDITORS, SAVES = 8, 100


class Editor(threading.Thread):
    """Opens the row, changes a field of it and saves, again and again; reads it anew only after a refusal."""

    def __init__(self, number, row, user, start_together):
        super().__init__()
        self.number, self.row, self.user, self.start_together = number, row, user, start_together
        self.saved, self.refused, self.failed = [], [], None

    def run(self):
        try:
            with translation.override("en"):
                self.start_together.wait()
                version = 1
                for save in range(SAVES):
                    version = self.save(f"Ana {self.number}-{save}", version)
        except BaseException as error:  # shown by the test
            self.failed = error
        finally:
            connections.close_all()

    def save(self, name, version):
        try:
            [row] = change_employees({self.row: {"first_name": name}}, versions={self.row: version}, actor=self.user)
        except StaleRow as error:
            self.refused.append(str(error))
            return Employee.objects.values_list("version", flat=True).get(pk=self.row)
        self.saved.append((row.version, name))
        return row.version


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_every_stale_save_is_refused_with_the_others_change_and_none_is_lost():
    from core import roles

    row = make_employee("Ana", "Gil").pk
    together = threading.Barrier(EDITORS)
    editors = [
        Editor(number, row, make_user(f"editor{number}", role=roles.HR_MANAGER), together) for number in range(EDITORS)
    ]

    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()

    assert [editor.failed for editor in editors] == [None] * EDITORS
    saved = dict(pair for editor in editors for pair in editor.saved)
    refused = [text for editor in editors for text in editor.refused]
    assert len(saved) + len(refused) == EDITORS * SAVES
    assert sum(len(editor.saved) for editor in editors) == len(saved)  # no version was written twice
    assert refused
    assert all("Editor" in text and "first name «" in text for text in refused)

    stored = Employee.objects.get(pk=row)
    assert stored.version == 1 + len(saved)
    assert stored.first_name == saved[stored.version]
    told = dict(Employee.history.filter(id=row, history_type="~").values_list("version", "first_name"))
    assert told == saved


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_two_who_make_each_other_boss_at_once_do_not_both_succeed():
    from core.errors import DomainError
    from hr.services.employees import change_boss

    for _round in range(10):
        pair = [make_employee(), make_employee()]
        together = threading.Barrier(2)
        refused = []

        def run(who, boss, together=together, refused=refused):
            try:
                together.wait()
                change_boss([who.pk], reports_to=boss, actor=None)
            except DomainError:
                refused.append(who)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=args) for args in (pair, pair[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(refused) == 1
