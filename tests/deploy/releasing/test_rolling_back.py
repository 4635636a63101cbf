import re
from pathlib import Path

import pytest
from releasing.deploying import deploy
from releasing.errors import Failed, Refused
from releasing.rolling_back import roll_back_by_hand
from releasing.switching import switch

from tests.deploy.releasing.conftest import sign_all, what


@pytest.fixture
def switched(context, target):
    deploy(context, "1.1.0")
    sign_all(context, "1.1.0")
    switch(context, "1.1.0")
    target.done.clear()
    return context


def test_traffic_goes_back_first_and_never_do_two_colours_work(switched, target):
    roll_back_by_hand(switched, why="it looks odd")

    assert target.done == [
        "begin_to_stop_work green",
        "point_traffic blue",
        "stop_work green",
        "start_work blue",
        "log_lines green",
    ]
    assert (target.live(), target.working) == ("blue", {"blue"})
    assert what(switched.record("1.1.0"))[-2:] == ["rolling back", "rolled back"]


def test_the_note_says_what_was_seen_and_what_to_do(switched, target):
    target.log = [
        '{"level": "info", "message": "fine"}',
        '{"level": "error", "request_id": "abc123", "message": "request_failed"}',
        'blue-pod {"level": "critical", "request_id": "def456", "message": "disk"}',
        "no JSON at all {",
    ]

    text = roll_back_by_hand(switched, why="it looks odd").read_text()

    assert text.startswith("# 1.1.0 went back to 1.0.0\n")
    assert "## Why\n\n- it looks odd\n" in text
    assert "Their requests: def456, abc123. All lines: `journalctl`" in text
    assert "fine" not in text
    assert {int(number) for number in re.findall(r"^- (\d)\. ", text, re.MULTILINE)} == {1, 2, 3, 4}
    assert "no database was restored" in text
    assert "- after 15 minutes: Development team, development@company.com" in text


def test_a_release_goes_back_once(switched):
    roll_back_by_hand(switched, why="x")

    with pytest.raises(Refused, match=r"1\.1\.0 was rolled back already"):
        roll_back_by_hand(switched, why="x")


def test_without_a_switch_there_is_nothing_to_go_back_from(context):
    with pytest.raises(Refused, match="No switch is on record"):
        roll_back_by_hand(context, why="x")


def test_a_version_before_that_is_not_ready_gets_no_traffic_unless_somebody_insists(switched, target):
    target.fleet["blue"][0].ready = False
    with pytest.raises(Refused, match=r"There is no good way back: .*503.*insist with --force"):
        roll_back_by_hand(switched, why="x")
    assert target.done == []

    with pytest.raises(Failed, match="Step 3, every backend of blue is ready: blue is not ready"):
        roll_back_by_hand(switched, why="x", force=True)

    assert (target.live(), target.working) == ("blue", {"blue"})


def test_a_colour_that_got_another_version_since_is_no_way_back(switched, target):
    deploy(switched, "1.2.0")

    with pytest.raises(Refused, match=r"There is no good way back: blue holds 1\.2\.0, not 1\.0\.0\."):
        roll_back_by_hand(switched, why="x")

    assert target.live() == "green"


def test_a_switch_that_failed_is_nothing_to_go_back_from(context, target):
    deploy(context, "1.1.0")
    sign_all(context, "1.1.0")
    target.broken["start_work green"] = Failed("no memory")
    with pytest.raises(Failed):
        switch(context, "1.1.0")

    with pytest.raises(Refused, match="No switch is on record"):
        roll_back_by_hand(context, why="x")


def test_traffic_that_cannot_be_moved_leaves_everything_at_the_new_version(switched, target):
    target.broken["point_traffic blue"] = Failed("read-only file system")

    with pytest.raises(Failed) as failed:
        roll_back_by_hand(switched, why="x")

    assert str(failed.value) == (
        "Not rolled back. Step 2, traffic goes to blue: read-only file system Now traffic goes to green;"
        " worker and clock of blue do not run; worker and clock of green run."
    )


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        ("begin_to_stop_work green", "Step 1, worker and clock of green are told to stop: broken"),
        ("stop_work green", "Step 1, worker and clock of green have stopped: broken"),
        ("start_work blue", "Step 2, worker and clock of blue are started: broken"),
        ("log_lines green", "Step 4, the log of green is searched for errors: broken"),
    ],
)
def test_what_fails_afterwards_is_said_and_holds_up_nothing(switched, target, broken, text):
    target.broken[broken] = Failed("broken")

    with pytest.raises(Failed) as failed:
        roll_back_by_hand(switched, why="x")

    assert "Traffic is back at blue, but not all went well." in str(failed.value)
    assert text in str(failed.value)
    assert target.live() == "blue"
    event = switched.record("1.1.0").last("rolled back")
    assert event["faults"] == [text]
    assert text.partition(": ")[0].partition(", ")[2] in Path(event["note"]).read_text()


def test_a_worker_that_does_not_stop_gets_no_other_beside_it(switched, target):
    target.broken["stop_work green"] = Failed("hangs")

    with pytest.raises(Failed):
        roll_back_by_hand(switched, why="x")

    assert "start_work blue" not in target.done
    assert target.working == {"green"}


def test_a_record_that_cannot_be_written_holds_up_no_rollback(switched, target, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("releasing.records.json.dump", full)

    with pytest.raises(Failed, match="No space left on device"):
        roll_back_by_hand(switched, why="x")

    assert (target.live(), target.working) == ("blue", {"blue"})


def test_a_rollback_that_was_killed_is_finished(switched, target):
    class Killed(BaseException):
        pass

    target.broken["stop_work green"] = Killed()
    with pytest.raises(Killed):
        roll_back_by_hand(switched, why="x")
    assert target.live() == "blue"
    target.broken.clear()

    roll_back_by_hand(switched, why="x")

    assert target.working == {"blue"}
    assert what(switched.record("1.1.0"))[-1] == "rolled back"


def test_a_version_that_came_back_is_signed_anew(switched):
    roll_back_by_hand(switched, why="x")

    assert set(switched.record("1.1.0").done()) == set()
