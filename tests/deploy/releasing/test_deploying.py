import pytest
from releasing.deploying import deploy, verify_and_note
from releasing.errors import Failed, Refused

from tests.deploy.releasing.conftest import what


def test_the_idle_colour_gets_the_version_and_the_live_one_nothing(context, target):
    deploy(context, "1.1.0")

    assert target.done == ["install green", "migrate green", "start_web green"]
    assert (target.live(), target.versions, target.working) == ("blue", {"blue": "1.0.0", "green": "1.1.0"}, {"blue"})
    record = context.record("1.1.0")
    assert what(record) == ["deploying", "checked", "deployed"]
    assert {name for name, event in record.done().items()} == {"migrations"}


def test_production_is_not_migrated_without_a_fresh_backup(context, target):
    target.backup = "There is no backup."

    with pytest.raises(Refused, match=r"^There is no backup\. Migrations cannot be taken back: run deploy/backup"):
        deploy(context, "1.1.0")

    assert target.done == []


def test_a_reason_stands_in_for_the_backup_and_is_recorded(context, target):
    target.backup = "There is no backup."

    deploy(context, "1.1.0", reason="the disk is new")

    event = context.record("1.1.0").events[0]
    assert (event["what"], event["reason"], event["missing"]) == ("excused", "the disk is new", ["There is no backup."])


def test_what_is_live_already_is_not_deployed_again(context, target):
    with pytest.raises(Refused, match=r"1\.0\.0 is live already, in blue"):
        deploy(context, "1.0.0")

    assert target.done == []


def test_a_colour_whose_worker_runs_is_left_alone(context, target):
    target.working.add("green")

    with pytest.raises(Refused, match="Worker or clock of green run although blue is live"):
        deploy(context, "1.1.0")

    assert target.done == []


@pytest.mark.parametrize("step", ["install green", "migrate green", "start_web green"])
def test_a_step_that_fails_ends_it_and_it_may_be_repeated(context, target, step):
    target.broken[step] = Failed("no space left")
    with pytest.raises(Failed, match="no space left"):
        deploy(context, "1.1.0")
    assert context.record("1.1.0").last("deployed") is None

    target.broken.clear()
    deploy(context, "1.1.0")

    assert what(context.record("1.1.0"))[-1] == "deployed"


def test_backends_that_are_never_ready_fail_it_by_name(context, target):
    target.fleet["green"][1].ready = False

    with pytest.raises(Failed, match=r"green is not ready after 120 s: .*503"):
        deploy(context, "1.1.0")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"ready": False}, "green 2 is ready: /health/ready answers 503"),
        ({"version": "1.0.0"}, "green 2 is version 1.1.0: it runs version 1.0.0, not 1.1.0"),
        ({"pages": {}}, "green 2 shows its pages: /login/ answers 404, not 200"),
        ({"answers": False}, "green 2 is ready: green 2 does not answer"),
    ],
)
def test_verify_names_the_backend_and_what_is_wrong(context, target, change, fault):
    deploy(context, "1.1.0")
    vars(target.fleet["green"][1]).update(change)

    with pytest.raises(Failed) as failed:
        verify_and_note(context, "1.1.0")

    assert fault in str(failed.value)


def test_what_verify_finds_closes_items_and_opens_them_again(context, target):
    deploy(context, "1.1.0")
    verify_and_note(context, "1.1.0")
    closed = {"migrations", "health", "critical-functions", "performance"}
    assert set(context.record("1.1.0").done()) == closed

    target.fleet["green"][0].pages.pop("/static/core/a.0123456789ab.css")
    with pytest.raises(Failed):
        verify_and_note(context, "1.1.0")

    assert set(context.record("1.1.0").done()) == closed - {"critical-functions"}


def test_a_new_installation_must_be_looked_at_anew_and_signatures_stay(context):
    deploy(context, "1.1.0")
    verify_and_note(context, "1.1.0")
    record = context.record("1.1.0")
    record.sign(next(item for item in record.open_items() if item.name == "code-review"), by="Ana")

    deploy(context, "1.1.0")

    assert set(record.done()) == {"migrations", "code-review"}


def test_a_version_that_stands_nowhere_is_not_verified(context):
    with pytest.raises(Refused, match=r"1\.1\.0 stands in neither colour: bluegreen deploy 1\.1\.0 puts it there"):
        verify_and_note(context, "1.1.0")
