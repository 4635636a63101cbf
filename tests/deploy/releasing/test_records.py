import json
import threading

import pytest
from releasing.checklists import BY_NAME
from releasing.errors import Refused
from releasing.records import version_of


@pytest.mark.parametrize("text", ["1.2.0", "v1.2.0", "0.0.1", "10.20.30", "1.2.0-rc.1"])
def test_versions(text):
    assert version_of(text) == text.removeprefix("v")


@pytest.mark.parametrize("text", ["", "1.2", "1.2.0.0", "01.2.0", "1.2.x", "../1.2.0", "1.2.0+build", "latest"])
def test_what_is_no_version(text):
    with pytest.raises(Refused, match="is no version: say three numbers"):
        version_of(text)


def test_a_signature_names_who_gave_it_and_when(context):
    record = context.record("1.1.0")

    record.sign(BY_NAME["notice"], by="Ana Pérez", note="mail of 6 March")

    assert record.events == [
        {
            "at": "2027-03-07T06:30:00.000Z",
            "by": record.events[0]["by"],
            "what": "signed",
            "item": "notice",
            "name": "Ana Pérez",
            "note": "mail of 6 March",
        }
    ]
    assert "notice" in record.done()


def test_what_the_program_finds_out_is_not_signed(context):
    with pytest.raises(Refused, match="backup is not signed: this program finds out for itself"):
        context.record("1.1.0").sign(BY_NAME["backup"], by="Ana")


def test_nobody_signs_nothing(context):
    with pytest.raises(Refused, match="Say who signs"):
        context.record("1.1.0").sign(BY_NAME["notice"], by="  ")


def test_nothing_is_taken_from_it_and_nobody_overwrites_another(context):
    record = context.record("1.1.0")
    writers = [threading.Thread(target=record.add, args=["note", {"number": n}]) for n in range(20)]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert sorted(event["number"] for event in record.events) == list(range(20))
    assert json.loads(record.path.read_text())["version"] == "1.1.0"


def test_a_record_that_is_broken_stops_everything_and_says_where(context):
    record = context.record("1.1.0")
    record.path.parent.mkdir()
    record.path.write_text('{"events": ')

    with pytest.raises(Refused, match=r"1\.1\.0\.json is no record of a release"):
        record.done()
