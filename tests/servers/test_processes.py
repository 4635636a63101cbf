"""What the drills and the tests rely on when they start programs."""

import pytest

from tests.servers.processes import Missing, Process, little_environment, marked, program, wait_until


def test_a_missing_program_is_named_with_its_package(monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(Missing, match=r"^no-such is missing: apt install no-such$"):
        program("no-such")
    assert str(Missing("mariadbd")) == "mariadbd is missing: apt install mariadb-server"


def test_what_ends_in_place_of_answering_is_an_error_with_its_log(tmp_path):
    process = Process(["sh", "-c", "echo out of order; exit 3"], log=tmp_path / "program.log")
    process.launch()
    wait_until(lambda: not process.runs, what="it has ended")

    with pytest.raises(ChildProcessError, match=r"^program ended with 3:\nout of order$"):
        process.answers()


def test_what_a_process_started_ends_with_it(tmp_path):
    environment = little_environment(tmp_path)
    process = Process(["sh", "-c", "sleep 60 & echo begun; wait"], log=tmp_path / "log", environment=environment)
    process.launch()
    wait_until(lambda: process.log.read_text() == "begun\n", what="it has begun")
    assert len(marked(tmp_path)) == 2

    process.end()

    assert not process.runs
    wait_until(lambda: not marked(tmp_path), what="both have ended", seconds=5)
