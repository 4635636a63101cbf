"""Just below and just above each of the plan's criteria."""

from dataclasses import replace

import pytest
from releasing.criteria import Judge, Reading
from releasing.metrics import Counts
from releasing.settings import Settings

FIVE_MINUTES, ONE_MINUTE = 300, 60


def judged(*readings, seconds, settings=None, name="green 1"):
    """The criteria met after readings at equal steps, from a baseline of nothing on."""
    judge = Judge(settings or Settings(), began=0)
    judge.baseline({name: Reading(Counts())})
    step = seconds / len(readings)
    for number, reading in enumerate(readings, 1):
        judge.hear(number * step, {name: reading})
    return [breach.criterion for breach in judge.breaches(seconds)]


def served(requests, *, errors=0, mean=0.1, critical=0):
    return Reading(Counts(requests, errors, requests * mean, critical))


def growing(steps, **each):
    """Readings of a backend that serves the same in each step."""
    return [
        served(**{"requests": 100 * n} | {name: value * n for name, value in each.items()}) for n in range(1, steps + 1)
    ]


@pytest.mark.parametrize(("errors", "found"), [(5, []), (6, ["error rate"]), (100, ["error rate"])])
def test_more_than_five_percent_errors_for_five_minutes(errors, found):
    assert judged(*growing(30, errors=errors), seconds=FIVE_MINUTES) == found


def test_errors_of_less_than_five_minutes_are_waited_for():
    assert judged(*growing(29, errors=100), seconds=FIVE_MINUTES - 10) == []


def test_errors_that_are_over_count_no_more():
    bad, good = growing(3, errors=50), [served(300 + 100 * n, errors=150) for n in range(1, 61)]

    assert judged(*bad, *good, seconds=630) == []


@pytest.mark.parametrize(("mean", "found"), [(2.0, []), (2.01, ["response time"])])
def test_a_mean_above_two_seconds(mean, found):
    readings = [served(100 * n, mean=mean) for n in range(1, 7)]

    assert judged(*readings, seconds=ONE_MINUTE) == found


def test_a_single_slow_request_among_few_is_no_mean():
    assert judged(served(1, mean=50), seconds=FIVE_MINUTES) == []
    assert judged(served(19, mean=9), seconds=ONE_MINUTE) == []
    assert judged(served(20, mean=9), seconds=ONE_MINUTE) == ["response time"]


def test_few_slow_requests_are_many_in_five_minutes():
    """Seven in each minute."""
    readings = [served(7 * minute, mean=3) for minute in range(1, 4)]

    assert judged(*readings[:2], seconds=120) == []
    assert judged(*readings, seconds=180) == ["response time"]


def test_a_mean_of_less_than_a_minute_is_waited_for():
    assert judged(served(100, mean=3), seconds=ONE_MINUTE - 1) == []


def test_a_single_failed_request_among_few_is_no_rate():
    assert judged(served(3, errors=3), seconds=FIVE_MINUTES) == []


def test_no_traffic_at_all_is_nothing():
    assert judged(*[served(0)] * 30, seconds=FIVE_MINUTES) == []


@pytest.mark.parametrize(("lines", "found"), [(0, []), (1, ["critical log lines"])])
def test_a_critical_line_in_the_log(lines, found):
    assert judged(served(0, critical=lines), seconds=10) == found


def test_what_was_counted_before_the_watch_is_nobodys():
    judge = Judge(Settings(), began=0)
    before = Reading(Counts(requests=1000, errors=1000, seconds=9000, critical_lines=7))
    judge.baseline({"green 1": before})

    for moment in range(10, 310, 10):
        judge.hear(moment, {"green 1": before})

    assert judge.breaches(300) == []
    assert judge.total == Counts()


def test_a_backend_that_begins_to_count_anew_is_counted_on():
    judge = Judge(Settings(), began=0)
    judge.baseline({"green 1": served(1000, errors=100)})

    judge.hear(10, {"green 1": served(1100, errors=101)})
    judge.hear(20, {"green 1": served(40, errors=2)})
    judge.hear(30, {"green 1": served(50, errors=2)})

    assert (judge.total.requests, judge.total.errors) == (100 + 40 + 10, 1 + 2)


def test_a_backend_that_gives_no_metrics_for_a_while_is_counted_on():
    judge = Judge(Settings(), began=0)
    judge.baseline({"green 1": served(10)})

    judge.hear(10, {"green 1": Reading(None)})
    judge.hear(20, {"green 1": served(30)})

    assert judge.total.requests == 20


def test_both_backends_count_together():
    judge = Judge(Settings(), began=0)
    judge.baseline({"green 1": served(0), "green 2": served(0)})

    judge.hear(300, {"green 1": served(90), "green 2": served(10, errors=6)})

    assert [breach.criterion for breach in judge.breaches(300)] == ["error rate"]


@pytest.mark.parametrize(("seconds", "found"), [(20, []), (30, []), (40, ["health check"])])
def test_a_backend_that_is_not_ready_for_half_a_minute(seconds, found):
    """The first reading finds it so after ten seconds."""
    assert judged(*[Reading(None, "refused")] * (seconds // 10), seconds=seconds) == found


def test_a_backend_that_starts_anew_is_given_time():
    unready = Reading(None, "refused")

    assert judged(unready, unready, unready, served(0), unready, unready, unready, seconds=70) == []


def test_a_pod_that_is_gone_is_not_unready_for_ever():
    judge = Judge(Settings(), began=0)
    judge.hear(10, {"pod-a": Reading(None, "refused")})
    judge.hear(20, {"pod-b": served(0)})

    assert judge.breaches(100) == []


def test_one_setting_scales_all_windows():
    quick = replace(Settings(), time_scale=0.1)

    assert judged(*growing(3, errors=6), seconds=30, settings=quick) == ["error rate"]
    assert judged(served(100, mean=3), seconds=6, settings=quick) == ["response time"]
    assert judged(*[Reading(None, "refused")] * 4, seconds=4, settings=quick) == ["health check"]
