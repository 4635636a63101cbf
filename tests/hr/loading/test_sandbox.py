"""Files of strangers: what they may cost, and what becomes of a reader that breaks."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hr.loading import sandbox
from hr.loading.errors import UnusableFile
from hr.loading.parser.protocol import TEXT, WORKBOOK
from hr.loading.reading import read_table
from tests.hostile.books import book, books
from tests.hostile.make import FILES

BOMBS = [name for name in FILES if name.startswith(("bomb", "entities", "a_cell_in_the_last_corner"))]
MEGABYTES = 1024 * 1024
# Reads one file in a process of its own, and tells what that took of time and memory, its child's included.
MEASURE = """
import resource, sys, time
from django.conf import settings
settings.configure(USE_I18N=False)
from hr.loading import archive, sandbox, signatures
from hr.loading.errors import UnusableFile
content = open(sys.argv[1], "rb").read()
started = time.monotonic()
try:
    archive.check_workbook(content)
    with sandbox.opened(content, "workbook", {}) as file:
        for way in range(len(file.facts["ways"])):
            list(file.ask("rows", way))
    print("read")
except UnusableFile:
    print(time.monotonic() - started)
# The peak that getrusage tells of a process includes its parent's before it was started.
own = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print((int(own) + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024)
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_a_second_and_a_hundred_megabytes(name, tmp_path):
    (tmp_path / name).write_bytes(FILES[name]())

    seconds, size = _measured(tmp_path / name)

    assert seconds < 1
    assert size < 100 * MEGABYTES


def _measured(path, *, tries=3):
    """Seconds and bytes; on a busy machine the best of a few runs."""
    seconds, size = _run(path)
    return (seconds, size) if seconds < 1 or tries == 1 else _measured(path, tries=tries - 1)


def _run(path):
    told = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True).stdout
    seconds, size = told.split()
    return float(seconds), int(size)


def test_the_process_starts_in_a_moment():
    def started():
        begun = time.monotonic()
        with sandbox.opened(b"Code\nE1\n", TEXT, {}) as file:
            assert file.facts["encoding"] == "utf-8"
        return time.monotonic() - begun

    assert min(started() for _ in range(5)) < 0.3


def test_a_workbook_of_many_sheets_opens_in_a_moment():
    content = books({f"Hoja {number}": [["Código"], ["E1"]] for number in range(800)})

    def opened():
        begun = time.monotonic()
        with sandbox.opened(content, WORKBOOK, {}) as file:
            assert len(file.facts["ways"]) == 800
        return time.monotonic() - begun

    assert min(opened() for _ in range(3)) < 0.8


def test_the_process_knows_no_secret_and_may_write_nothing(monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "secret")

    with sandbox.opened(b"Code\n", TEXT, {}) as file:
        pid = file._process.pid
        with open(f"/proc/{pid}/environ") as environment:
            assert "secret" not in environment.read()
        with open(f"/proc/{pid}/limits") as limits:
            told = {line[:26].strip(): line[26:].split()[0] for line in limits}

    assert told["Max address space"] == str(sandbox.MEMORY_BYTES)
    assert told["Max file size"] == "0"


def read_all(content, *, pause=None, **limits):
    """How many rows came; `pause` is called with the process after each block."""
    count = 0
    with sandbox.opened(content, TEXT, {}, **limits) as file:
        for message in file.ask("rows", 0):
            count += len(message[0]) if isinstance(message, tuple) else 0
            if pause:
                pause(file._process)
    return count


def test_a_file_that_takes_too_much_memory_while_it_is_handed_over_is_refused():
    with pytest.raises(UnusableFile, match="more memory"):
        read_all(b"Code\n" + b"E1\n" * 20_000_000, memory=60 * MEGABYTES)


def test_a_file_that_takes_too_much_memory_while_it_is_read_is_refused():
    content = book([["Code", "Name", "Unit"], *[["E1", "Ana", "Ventas"]] * 100_000])

    with (
        sandbox.opened(content, WORKBOOK, {}, memory=50 * MEGABYTES) as file,
        pytest.raises(UnusableFile, match="more memory"),
    ):
        list(file.ask("rows", 0))


def test_a_file_that_takes_too_long_is_refused():
    with pytest.raises(UnusableFile, match="too long"):
        read_all(b"Code\n" + b"E1,x,y\n" * 5_000_000, seconds=1, pause=lambda process: time.sleep(0.01))


def test_a_reader_that_is_killed_makes_the_file_unusable():
    with pytest.raises(UnusableFile, match="gave up"):
        read_all(b"Code\n" + b"E1\n" * 1_000_000, pause=lambda process: process.kill())


def test_a_reader_that_breaks_makes_the_file_unusable(caplog):
    with sandbox.opened(b"Code\n", TEXT, {}) as file, pytest.raises(UnusableFile, match="gave up"):
        list(file.ask("rows", 99))

    assert "IndexError" in caplog.text


def test_no_process_stays_behind():
    with sandbox.opened(FILES["day_cells.xlsx"](), WORKBOOK, {}) as file:
        process = file._process

    assert process.poll() is not None


def test_large_files_are_read_in_bounded_memory():
    rows = b"".join(b"E%06d,Ana,Gil,Ventas\n" % number for number in range(100_000))
    content = b"Code,Name,Last,Unit\n" + rows

    with sandbox.opened(content, TEXT, {"encoding": None, "delimiter": None}) as file:
        blocks = [message for message in file.ask("rows", 0) if not isinstance(message, dict)]
        status = Path(f"/proc/{file._process.pid}/status").read_text()

    assert sum(len(numbers) for numbers, _columns, _days in blocks) == 100_001
    # Of the program that it became: the fork it began as counts the memory of this one.
    assert int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) <= 80 * 1024
    table = read_table(content, lambda headers: sum("Code" in header for header in headers))
    assert len(table.rows) == 100_000
    # What repeats is held once.
    assert table.rows[0][1][3] is table.rows[90_000][1][3]
