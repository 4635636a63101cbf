import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from releasing import locks
from releasing.deploying import deploy
from releasing.errors import Failed, Refused
from releasing.switching import switch
from releasing.watching import watch

from tests.deploy.releasing.conftest import sign_all


@pytest.fixture
def switched(context, target):
    deploy(context, "1.1.0")
    sign_all(context, "1.1.0")
    baseline = switch(context, "1.1.0")
    target.done.clear()
    return context, baseline


@pytest.fixture
def watched(switched, frozen, target):
    """Watches while both live backends serve so many requests in each ten seconds; returns (result, seconds)."""

    def go(*, requests=50, after=lambda backend: None, **served):
        def between():
            for backend in target.fleet["green"]:
                backend.serve(requests, **served)
                after(backend)

        frozen.at_each_sleep = between
        began = frozen.moment
        result = watch(*switched)
        return result, (frozen.moment - began).total_seconds()

    return go


def test_a_good_release_stays_and_is_watched_for_half_an_hour(watched, target, switched):
    result, seconds = watched()

    assert (result, seconds) == (None, 1800)
    assert target.live() == "green"
    assert {"watched", "error-logs", "critical-functions-live"} <= set(switched[0].record("1.1.0").done())


def test_a_release_that_nobody_uses_stays(watched):
    result, _seconds = watched(requests=0)

    assert result is None


def test_four_percent_errors_and_a_mean_of_one_and_a_half_seconds_stay(watched):
    result, _seconds = watched(errors=2, mean=1.5)

    assert result is None


@pytest.mark.parametrize(
    ("served", "criterion", "within"),
    [
        ({"errors": 3}, "error rate", 310),
        ({"mean": 2.5}, "response time", 70),
        ({"after": lambda backend: vars(backend).update(critical=1)}, "critical log lines", 20),
        ({"after": lambda backend: vars(backend).update(ready=False)}, "health check", 50),
        ({"after": lambda backend: vars(backend).update(answers=False)}, "health check", 50),
    ],
)
def test_each_criterion_sends_a_release_back_within_a_minute(watched, target, switched, served, criterion, within):
    result, seconds = watched(**served)

    assert seconds <= within
    assert (target.live(), target.working) == ("blue", {"blue"})
    text = result.note.read_text()
    assert f"## Why\n\n- {criterion}: " in text
    assert "requests, " in text.partition("## What was measured")[2]
    assert switched[0].record("1.1.0").last("rolled back")["faults"] == []


def test_one_backend_that_dies_is_enough(watched, target):
    def first_dies(backend):
        if backend.name == "green 1":
            backend.answers = False

    result, _seconds = watched(after=first_dies)

    assert "green 1 has not been ready for 30 s: green 1 does not answer" in result.note.read_text()
    assert target.live() == "blue"


def test_a_backend_that_starts_anew_in_between_sends_nothing_back(watched):
    steps = Counter()

    def restarts(backend):
        steps[backend.name] += 1
        backend.answers = steps[backend.name] % 50 != 0
        if not backend.answers:
            backend.requests = backend.errors = backend.seconds = 0

    result, _seconds = watched(after=restarts)

    assert result is None


def test_where_the_version_before_is_no_better_nothing_is_moved_and_it_fails_at_the_end(watched, target, switched):
    """A database that is down takes both colours along."""
    for backend in target.fleet["blue"]:
        backend.ready = False

    with pytest.raises(Failed, match=r"NOT rolled back although health check: .* There is no good way back: "):
        watched(after=lambda backend: vars(backend).update(ready=False))

    assert target.live() == "green"
    record = switched[0].record("1.1.0")
    assert "watched" not in record.done()
    assert [event["what"] for event in record.events].count("not rolled back") == 1


def test_traffic_that_cannot_be_moved_is_tried_again(watched, target, frozen):
    target.broken["point_traffic blue"] = Failed("connection refused")
    recovers = frozen.moment + timedelta(minutes=2)

    def between(backend):
        backend.critical = 1
        if frozen.moment >= recovers:
            target.broken.clear()

    result, seconds = watched(after=between)

    assert (target.live(), target.working, seconds) == ("blue", {"blue"}, 120)
    assert result is not None


def test_a_cluster_that_says_nothing_while_going_back_is_asked_again(watched, target, frozen, monkeypatch):
    known, recovers = target.live, frozen.moment + timedelta(minutes=2)
    asked = []

    def live():
        # Each look begins with who is live; what follows is cut off.
        asked.append(frozen.moment)
        if frozen.moment < recovers and asked.count(frozen.moment) > 1:
            raise Failed("connection refused")
        return known()

    monkeypatch.setattr(target, "live", live)

    result, seconds = watched(after=lambda backend: vars(backend).update(critical=1))

    assert result is not None
    assert (known(), seconds) == ("blue", 120)


def test_traffic_that_could_not_be_moved_is_a_failure_even_if_all_is_well_later(watched, target, frozen):
    target.broken["point_traffic blue"] = Failed("connection refused")
    ends = frozen.moment + timedelta(minutes=2)

    def between(backend):
        backend.ready = frozen.moment >= ends

    with pytest.raises(Failed, match=r"Not rolled back\. Step 2, traffic goes to blue: connection refused"):
        watched(after=between)

    assert (target.live(), target.working) == ("green", {"green"})


def test_it_goes_back_as_soon_as_the_version_before_is_ready(watched, target, frozen):
    target.fleet["blue"][0].ready = False
    recovers = frozen.moment + timedelta(minutes=5)

    def between(backend):
        backend.ready = False
        target.fleet["blue"][0].ready = frozen.moment >= recovers

    result, seconds = watched(after=between)

    assert result is not None
    assert 300 <= seconds <= 310


def test_somebody_who_rolls_back_at_the_same_time_is_left_alone_and_the_release_did_not_stay(watched, target, frozen):
    began = frozen.moment

    def by_hand(backend):
        target.colour = "blue"

    with pytest.raises(Failed, match=r"blue has the traffic now: 1\.1\.0 did not stay"):
        watched(after=by_hand)

    assert (frozen.moment - began).total_seconds() == 10
    assert target.done == []


def test_a_watch_that_comes_too_late_has_seen_nothing(switched, frozen):
    context, _baseline = switched
    frozen.moment += timedelta(hours=1)

    with pytest.raises(Failed, match="Its time was over before it was looked at once"):
        watch(context)

    assert not {"watched", "error-logs"} & set(context.record("1.1.0").done())


def test_a_lock_that_somebody_holds_is_waited_for(watched, target, switched, frozen):
    with ExitStack() as somebody:
        somebody.enter_context(locks.held(switched[0].folder, "release", doing="looking around"))
        goes = frozen.moment + timedelta(minutes=2)

        def between(backend):
            backend.critical = 1
            if frozen.moment >= goes:
                somebody.close()

        result, seconds = watched(after=between)

    assert result is not None
    assert seconds == 120


def test_a_watch_that_was_killed_goes_on_for_what_remains(switched, frozen):
    context, _baseline = switched
    frozen.moment += timedelta(minutes=20)
    began = frozen.moment

    watch(context)

    assert frozen.moment - began == timedelta(minutes=10)


def test_there_is_nothing_to_watch_before_a_switch(context):
    with pytest.raises(Refused, match="bluegreen switch VERSION begins one"):
        watch(context)


def test_a_cluster_that_does_not_answer_for_a_while_ends_no_watch(watched, target, monkeypatch):
    calls = iter(range(1000))
    monkeypatch.setattr(target, "live", lambda: target.colour if next(calls) % 3 else unanswered())

    def unanswered():
        raise Failed("connection refused")

    result, seconds = watched()

    assert (result, seconds) == (None, 1800)


def test_one_setting_scales_it(switched, frozen):
    context, baseline = switched
    began = frozen.moment

    watch(replace(context, settings=replace(context.settings, time_scale=0.1)), baseline)

    assert frozen.moment - began == timedelta(minutes=3)


def test_what_the_watch_found_is_in_the_record(watched, switched):
    watched(requests=10)

    (event,) = [row for row in switched[0].record("1.1.0").events if row.get("item") == "watched"]
    assert event["detail"] == "30.0 of 30.0 minutes, 3580 requests, 0.00% errors, mean 0.10 s"
    assert json.loads(switched[0].record("1.1.0").path.read_text())["version"] == "1.1.0"
