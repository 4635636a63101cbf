from dataclasses import replace
from datetime import timedelta

import pytest
from releasing.checklists import BY_NAME, ITEMS
from releasing.deploying import deploy
from releasing.errors import Failed, Refused
from releasing.switching import switch

from tests.deploy.releasing.conftest import sign_all, what

SIGNED_BEFORE = [item.name for item in ITEMS if item.blocks and item.by == "person"]


@pytest.fixture
def deployed(context, target):
    """1.1.0 in green, everything signed, in the window, with a backup."""
    deploy(context, "1.1.0")
    sign_all(context, "1.1.0")
    target.done.clear()
    return context


def refusal(context, **options):
    with pytest.raises(Refused) as refused:
        switch(context, "1.1.0", **options)
    return str(refused.value)


def test_there_are_the_plans_seventeen_items():
    assert [sum(item.when == when for item in ITEMS) for when in ("before", "during", "after")] == [6, 6, 5]
    assert len(BY_NAME) == 17


def test_worker_and_clock_go_before_the_traffic(deployed, target):
    switch(deployed, "1.1.0")

    assert target.done == ["stop_work blue", "start_work green", "point_traffic green"]
    assert (target.live(), target.working) == ("green", {"green"})
    assert what(deployed.record("1.1.0"))[-2:] == ["switching", "switched"]
    last = deployed.record("1.1.0").last("switched")
    assert (last["to"], last["previous"], last["previous_version"]) == ("green", "blue", "1.0.0")


def test_all_that_blocks_is_closed_then(deployed):
    switch(deployed, "1.1.0")

    assert [item.when for item in deployed.record("1.1.0").open_items()] == ["after"] * 5


@pytest.mark.parametrize("name", SIGNED_BEFORE)
def test_each_signature_is_waited_for(context, target, name):
    deploy(context, "1.1.0")
    sign_all(context, "1.1.0", but=name)
    target.done.clear()

    text = refusal(context)

    assert text.count("\n- ") == 1
    assert f"- {BY_NAME[name].text}: open. " in text
    assert f'then sign: bluegreen sign 1.1.0 {name} --by "NAME".' in text
    assert target.done == []


def test_a_backup_is_waited_for(deployed, target):
    target.backup = "The newest backup is 25.0 hours old; 24 hours are allowed."

    text = refusal(deployed)

    assert "\n- The newest backup is 25.0 hours old; 24 hours are allowed. Run deploy/backup." in text
    assert target.done == []


@pytest.mark.parametrize(("hours", "minutes"), [(-1, 0), (1, 30), (24, 0)])
def test_the_window_is_waited_for(deployed, target, frozen, hours, minutes):
    frozen.moment += timedelta(hours=hours, minutes=minutes)

    text = refusal(deployed)

    assert "\n- Outside the window, Sunday 02:00–04:00 America/Caracas. Wait until Sunday 2027-03-" in text
    assert target.done == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"ready": False}, "green 1 is ready: /health/ready answers 503 (unavailable)"),
        ({"pages": {}}, "green 1 shows its pages: /login/ answers 404, not 200"),
        ({"version": "1.0.9"}, "green 1 is version 1.1.0: it runs version 1.0.9, not 1.1.0"),
    ],
)
def test_a_colour_that_would_not_serve_is_not_switched_to_for_any_reason(deployed, target, change, text):
    vars(target.fleet["green"][0]).update(change)

    assert text in refusal(deployed, reason="it burns")
    assert target.done == []


def test_a_slow_colour_is_not_switched_to(deployed, target):
    target.fleet["green"][0].page_seconds = 2.01

    text = refusal(deployed, reason="it burns")

    assert "green 1 answers quickly: 2.01 s is the mean of 5 pages; 2 s are allowed" in text


def test_a_colour_that_was_not_migrated_is_not_switched_to(deployed):
    deployed.record("1.1.0").note("migrations", done=False, detail="killed")

    text = refusal(deployed, reason="it burns")

    assert "- Databases migrated: open. Run `bluegreen deploy 1.1.0`." in text
    assert "--reason" not in text


def test_a_reason_stands_in_for_all_that_people_do_and_is_recorded(context, target, frozen):
    deploy(context, "1.1.0")
    frozen.moment += timedelta(days=1)
    target.backup = "There is no backup."

    switch(context, "1.1.0", reason="nobody can log in")

    event = context.record("1.1.0").last("excused")
    assert event["reason"] == "nobody can log in"
    assert len(event["missing"]) == len(SIGNED_BEFORE) + 2
    assert target.live() == "green"
    assert "backup" not in context.record("1.1.0").done()


def test_elsewhere_than_in_production_only_the_programs_own_questions_count(context, target, frozen):
    context = replace(context, settings=replace(context.settings, environment="staging"))
    frozen.moment += timedelta(days=1)
    target.backup = "There is no backup."
    deploy(context, "1.1.0")

    switch(context, "1.1.0")

    assert target.live() == "green"


@pytest.mark.parametrize("step", ["stop_work blue", "start_work green", "point_traffic green"])
def test_a_step_that_fails_leaves_traffic_worker_and_clock_where_they_were(deployed, target, step):
    target.broken[step] = Failed("unit not found")

    with pytest.raises(Failed) as failed:
        switch(deployed, "1.1.0")

    assert str(failed.value) == (
        "unit not found\nWorker and clock are those of blue again. Now traffic goes to blue;"
        " worker and clock of blue run; worker and clock of green do not run."
    )
    assert (target.live(), target.working) == ("blue", {"blue"})


def test_what_cannot_be_put_back_is_said(deployed, target):
    target.broken = {"start_work green": Failed("no memory"), "start_work blue": Failed("no memory for blue")}

    with pytest.raises(Failed) as failed:
        switch(deployed, "1.1.0")

    assert "no memory\nWorker and clock could not be put back: no memory for blue Now traffic" in str(failed.value)
    assert "worker and clock of blue do not run" in str(failed.value)


@pytest.mark.parametrize("step", ["stop_work blue", "start_work green", "point_traffic green"])
def test_a_switch_that_was_killed_may_be_repeated(deployed, target, step):
    """As `kill -9` leaves it: nothing is put back."""

    class Killed(BaseException):
        pass

    target.broken = {step: Killed(), "stop_work green": Killed()}
    with pytest.raises(Killed):
        switch(deployed, "1.1.0")
    target.broken.clear()

    switch(deployed, "1.1.0")

    assert (target.live(), target.working) == ("green", {"green"})
    assert what(deployed.record("1.1.0")).count("switched") == 1


def test_a_switch_that_was_killed_after_the_traffic_is_finished(deployed, target):
    deployed.record("1.1.0").add("switching", {"to": "green", "previous": "blue"})
    target.colour, target.working = "green", {"blue"}

    switch(deployed, "1.1.0")
    switch(deployed, "1.1.0")

    assert (target.live(), target.working) == ("green", {"green"})
    assert what(deployed.record("1.1.0")).count("switched") == 1


def test_a_version_that_is_not_deployed_is_not_switched_to(context):
    assert "1.1.0 stands in neither colour: bluegreen deploy 1.1.0 puts it there." in refusal(context)


def test_a_rollback_that_did_not_end_is_finished_first(deployed):
    switch(deployed, "1.1.0")
    deployed.record("1.1.0").add("rolling back", {"to": "blue"})

    assert refusal(deployed) == ("The rollback of 1.1.0 did not come to its end: bluegreen rollback finishes it.")
