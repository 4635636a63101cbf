import pytest
from django.urls import reverse

from core.errors import DomainError
from core.services import batches
from hr.models import Employee
from hr.services.batches import in_batches
from hr.services.employment import suspend_employees
from tests.factories import make_employee

LIST = "admin:hr_employee_changelist"


@pytest.fixture
def people(sales):
    return [make_employee(code=f"N{number}", org_unit=sales) for number in range(5)]


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(batches, "ROWS_A_BATCH", 2)
    monkeypatch.setattr(batches, "MOST_ROWS", 5)


def suspended():
    return Employee.objects.filter(status="suspended").count()


def test_the_service_gets_a_batch_at_a_time_and_the_count_is_of_all(people, hr_manager):
    sizes = []

    def suspend(ids, *, actor, reason):
        sizes.append(len(ids))
        return suspend_employees(ids, actor=actor, reason=reason)

    done = in_batches(suspend, [row.pk for row in people], actor=hr_manager, values={"reason": "strike"})

    assert (done, sizes, suspended()) == (5, [2, 2, 1], 5)


def test_what_is_refused_in_a_later_batch_takes_the_earlier_ones_back(people, hr_manager):
    suspend_employees([people[4].pk], actor=hr_manager, reason="strike")

    with pytest.raises(DomainError):
        in_batches(suspend_employees, [row.pk for row in people], actor=hr_manager, values={"reason": "strike"})

    assert suspended() == 1


def test_of_a_service_that_tells_the_user_itself_nothing_is_counted(people):
    assert in_batches(lambda ids, actor: None, [row.pk for row in people], actor=None, values={}) is None


def test_more_than_are_changed_at_once_are_refused_in_words(people, hr_manager):
    ids = [row.pk for row in [*people, make_employee()]]

    with pytest.raises(DomainError) as error:
        in_batches(suspend_employees, ids, actor=hr_manager, values={"reason": "strike"})

    assert str(error.value) == "At most 5 records are changed at once. Narrow the list down by its filters."
    assert suspended() == 0


def test_the_list_says_so_before_it_asks(people, client, hr_manager, monkeypatch):
    monkeypatch.setattr(batches, "MOST_ROWS", 4)
    sent = {"action": "suspend_many", "select_across": 1, "index": 0, "_selected_action": people[0].pk}

    client.force_login(hr_manager)

    response = client.post(reverse(LIST), sent, follow=True)

    assert "At most 4 records are changed at once." in response.text
    assert suspended() == 0
