import pytest

from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound
from hr.models import EventAudience
from hr.services.audiences import Audience, add_audience, people_meant, read_pasted, remove_audience
from tests.factories import make_employee, make_event, make_position, make_unit, make_user


def lines(event):
    return set(event.audience.values_list("everybody", "org_unit__code", "position__code", "employee__code"))


def meant(event, user=None):
    return {person.code for person in people_meant([event.pk], user=user)}


@pytest.fixture
def team(sales):
    return make_unit("Ventas Norte", code="VN", parent=sales)


@pytest.fixture
def dora(team, analyst):
    return make_employee("Dora", "Ruiz", code="E4", org_unit=team, position=analyst)


@pytest.fixture
def event(db):
    return make_event()


def test_everybody_units_positions_and_people_are_added_once(hr_manager, event, sales, analyst, beto):
    audience = Audience(
        everybody=True, org_unit_ids=[sales.pk, sales.pk], position_ids=[analyst.pk], employee_ids=[beto.pk]
    )

    assert add_audience([event.pk], audience, actor=hr_manager) == 4
    assert add_audience([event.pk], audience, actor=hr_manager) == 0

    assert lines(event) == {
        (True, None, None, None), (None, "VEN", None, None), (None, None, "ANA", None), (None, None, None, "E2"),
    }  # fmt: skip
    history = EventAudience.history.filter(event_id=event.pk)
    assert list(history.values_list("history_type", "history_user_name")) == [("+", str(hr_manager))] * 4


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("everybody", {"E1", "E2", "E3", "E4"}),
        ("sales", {"E1", "E2", "E4"}),
        ("team", {"E4"}),
        ("analyst", {"E2", "E4"}),
        ("carla", {"E3"}),
        ("nobody", set()),
    ],
)
def test_who_is_meant(hr_manager, event, ana, beto, carla, dora, sales, team, analyst, line, codes):
    made = {
        "everybody": {"everybody": True},
        "sales": {"org_unit": sales},
        "team": {"org_unit": team},
        "analyst": {"position": analyst},
        "carla": {"employee": carla},
    }
    if line in made:
        EventAudience.objects.create(event=event, **made[line])
    EventAudience.objects.create(event=make_event(), everybody=True)

    assert meant(event) == codes
    assert meant(event, hr_manager) == codes


def test_lines_add_up_and_nobody_counts_twice(event, ana, beto, carla, dora, team, analyst):
    for line in ({"org_unit": team}, {"position": analyst}, {"employee": carla}, {"employee": beto}):
        EventAudience.objects.create(event=event, **line)

    assert [person.code for person in people_meant([event.pk], user=None).order_by("code")] == ["E2", "E3", "E4"]


def test_more_people_by_name_than_are_asked_for_by_key(event, ana, beto, carla, monkeypatch):
    monkeypatch.setattr("hr.querysets.FEW", 1)
    for person in (beto, carla):
        EventAudience.objects.create(event=event, employee=person)

    assert meant(event) == {"E2", "E3"}


def test_only_the_active_are_meant(event, sales):
    make_employee(code="S1", org_unit=sales, status="suspended")
    EventAudience.objects.create(event=event, everybody=True)

    assert meant(event) == set()


def test_a_reader_counts_only_whom_he_sees(event, ana, beto, carla):
    EventAudience.objects.create(event=event, everybody=True)

    assert meant(event, make_user(employee=ana)) == {"E1", "E2"}


# --- A pasted list ---------------------------------------------------------------------------------------------------
def test_a_pasted_list_holds_codes_and_national_ids(hr_manager, event, ana, beto, carla):
    pasted = "\n E1 \ne3\tGil, Carla\n12.345.678; Beto\n\nE2\n"

    assert add_audience([event.pk], Audience(pasted=pasted), actor=hr_manager) == 3

    assert {code for *_others, code in lines(event)} == {"E1", "E2", "E3"}


def test_a_faulty_list_adds_nobody_and_names_its_lines(hr_manager, event, ana, beto):
    make_employee("Tomás", "Gil", code="T1", status="terminated", ended_on="2024-01-31")

    with pytest.raises(DomainError) as refused:
        add_audience([event.pk], Audience(pasted="E1\nNADIE\n\nT1\n99999999"), actor=hr_manager)

    assert refused.value.field == "pasted"
    assert str(refused.value) == (
        "Line 2: «NADIE» is nobody's code or national id.\n"
        "Line 4: Tomás Gil (T1) no longer works here.\n"
        "Line 5: «99999999» is nobody's code or national id."
    )
    assert lines(event) == set()


def test_of_many_faults_the_first_are_told(hr_manager):
    with pytest.raises(DomainError, match=r"Line 20: .*\nand 5 more lines$"):
        read_pasted("\n".join(f"X{number}" for number in range(25)), actor=hr_manager)


def test_a_list_may_not_be_endless(hr_manager):
    with pytest.raises(DomainError, match="at most 5000 lines"):
        read_pasted("E1\n" * 5001, actor=hr_manager)


def test_a_pasted_list_takes_as_many_queries_however_long(hr_manager, django_assert_num_queries):
    people = [make_employee(national_id=f"V-{10_000_000 + number}") for number in range(12)]

    for count in (4, 12):
        text = "\n".join(
            person.code if number % 2 else person.national_id for number, person in enumerate(people[:count])
        )
        with django_assert_num_queries(2, using="business"):
            found = read_pasted(text, actor=hr_manager)
        assert set(found) == {person.pk for person in people[:count]}


def test_a_national_id_finds_only_whom_one_may_know_by_it(ana, beto, carla):
    manager = make_user(employee=ana)

    assert read_pasted("E2", actor=manager) == [beto.pk]
    for text in ("V-12345678", "E3"):
        with pytest.raises(DomainError, match="nobody's"):
            read_pasted(text, actor=manager)


# --- Who may, and when -----------------------------------------------------------------------------------------------
def test_nothing_chosen_is_refused(hr_manager, event):
    with pytest.raises(DomainError, match="Choose whom"):
        add_audience([event.pk], Audience(), actor=hr_manager)


@pytest.mark.parametrize("field", ["org_unit_ids", "position_ids", "employee_ids"])
def test_what_does_not_exist_is_refused(hr_manager, event, field):
    with pytest.raises(NotFound):
        add_audience([event.pk], Audience(**{field: [999_999]}), actor=hr_manager)


def test_only_hr_says_whom_an_event_is_for(event, auditor, bulk_loader):
    for actor in (auditor, bulk_loader):
        with pytest.raises(NotAllowed):
            add_audience([event.pk], Audience(everybody=True), actor=actor)


@pytest.mark.parametrize("state", ["completed", "closed", "cancelled"])
def test_it_is_settled_once_the_event_is_over(hr_manager, state):
    event = make_event(state=state)
    line = EventAudience.objects.create(event=event, everybody=True)

    with pytest.raises(InvalidTransition):
        add_audience([event.pk], Audience(everybody=True), actor=hr_manager)
    with pytest.raises(InvalidTransition):
        remove_audience([line.pk], actor=hr_manager)


def test_adding_to_a_published_event_enrols_at_once(hr_manager, beto):
    event = make_event(state="published")

    add_audience([event.pk], Audience(employee_ids=[beto.pk]), actor=hr_manager)

    assert list(event.attendance.values_list("employee_id", "status")) == [(beto.pk, "registered")]


def test_lines_go_and_who_is_enrolled_stays(hr_manager, beto):
    event = make_event(state="published")
    add_audience([event.pk], Audience(employee_ids=[beto.pk]), actor=hr_manager)
    line = event.audience.get()

    assert remove_audience([line.pk], actor=hr_manager) == 1

    assert (lines(event), event.attendance.count()) == (set(), 1)
    assert EventAudience.history.filter(id=line.pk, history_type="-").count() == 1


def test_a_line_that_is_gone_is_not_there(hr_manager):
    with pytest.raises(NotFound):
        remove_audience([999_999], actor=hr_manager)


def test_a_position_somebody_is_meant_by_stays(hr_manager):
    from hr.services.positions import delete_positions

    position = make_position()
    EventAudience.objects.create(event=make_event(), position=position)

    with pytest.raises(DomainError, match="it stays"):
        delete_positions([position.pk], actor=hr_manager)
