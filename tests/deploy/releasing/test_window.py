from datetime import UTC, datetime

import pytest
from releasing import window
from releasing.errors import Refused
from releasing.settings import Window


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2027-03-07 05:59:59", False),
        ("2027-03-07 06:00:00", True),
        ("2027-03-07 07:59:59", True),
        ("2027-03-07 08:00:00", False),
        ("2027-03-06 06:30:00", False),  # a Saturday
        ("2027-03-08 06:30:00", False),
    ],
)
def test_it_is_sunday_from_two_to_four_in_caracas(moment, is_open):
    assert window.is_open(Window(), datetime.fromisoformat(moment).replace(tzinfo=UTC)) is is_open


def test_an_hour_that_is_sunday_only_elsewhere_is_outside():
    """Saturday 22:30 in Caracas is Sunday 02:30 in UTC."""
    assert not window.is_open(Window(), datetime(2027, 3, 7, 2, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2027-03-05 12:00", "2027-03-07 02:00"),
        ("2027-03-07 05:59", "2027-03-07 02:00"),
        ("2027-03-07 06:00", "2027-03-14 02:00"),
    ],
)
def test_when_it_opens_next(moment, opens):
    found = window.opens_next(Window(), datetime.fromisoformat(moment).replace(tzinfo=UTC))

    assert f"{found:%Y-%m-%d %H:%M}" == opens


@pytest.mark.parametrize(
    "given",
    [
        Window(zone="America/Nowhere"),
        Window(begins="2"),
        Window(begins="04:00", ends="02:00"),
        Window(ends="25:00"),
        Window(days=[]),
        Window(days=["domingo"]),
    ],
)
def test_a_giventhat_makes_no_sense_is_refused(given):
    with pytest.raises(Refused, match=r"\[window\]"):
        window.require_sense(given)


def test_a_givenmay_be_all_day():
    always = Window(days=window.DAYS, begins="00:00", ends="24:00")

    window.require_sense(always)
    assert window.is_open(always, datetime(2027, 3, 8, 3, 59, tzinfo=UTC))
