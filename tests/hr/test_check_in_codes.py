"""The codes of the screen: of one sitting, of one moment, and forged by nobody."""

import time

import pytest

from hr.check_in_codes import Sitting, codes_now, sitting_of_long, sitting_of_short

HERE, ELSEWHERE = Sitting(7, 3), Sitting(7, 4)


@pytest.fixture
def clock(monkeypatch):
    """Sets the time, in seconds since the beginning of a step."""
    started = 1_800_000_000

    def at(seconds):
        monkeypatch.setattr(time, "time", lambda: started + seconds)

    at(0)
    return at


def found(codes):
    return sitting_of_long(codes.long), sitting_of_short(codes.short, [ELSEWHERE, HERE])


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (19.9, True), (20, True), (39.9, True), (40, False)])
def test_a_code_is_good_for_its_twenty_seconds_and_twenty_more(clock, seconds, good):
    codes = codes_now(HERE)
    clock(seconds)

    assert found(codes) == ((HERE, HERE) if good else (None, None))


def test_a_code_of_the_future_is_none(clock):
    clock(60)
    codes = codes_now(HERE)
    clock(0)

    assert found(codes) == (None, None)


def test_every_step_and_every_sitting_has_codes_of_its_own(clock):
    codes = [codes_now(HERE), codes_now(ELSEWHERE), codes_now(Sitting(7))]
    clock(20)
    codes.append(codes_now(HERE))

    assert len({code.long for code in codes}) == len({code.short for code in codes}) == 4


def test_the_screen_knows_how_long_its_code_is_shown(clock):
    clock(12.5)

    assert codes_now(HERE).seconds_left == 7.5


def test_a_typed_code_is_read_as_it_was_meant(clock):
    short = codes_now(HERE).short
    typed = f" {short[:3].lower()}-{short[3:]} ".replace("0", "o").replace("1", "l")

    assert sitting_of_short(typed, [HERE]) == HERE


@pytest.mark.parametrize("forged", ["", ":", "7-3-90000000:x", "x:y", "7-3", "A" * 4000, "ñ-ñ"])
def test_what_is_no_code_is_for_nothing(clock, forged):
    assert sitting_of_long(forged) is None
    assert sitting_of_short(forged, [HERE]) is None


def test_a_code_signed_with_another_key_is_for_nothing(clock, settings):
    codes = codes_now(HERE)
    settings.SECRET_KEY = "another " * 10

    assert found(codes) == (None, None)


def test_a_code_cannot_be_turned_into_one_of_another_session(clock):
    code = codes_now(HERE).long

    assert sitting_of_long(code.replace("7-3-", "7-4-")) is None
