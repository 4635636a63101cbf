"""Traffic, worker and clock to the other colour."""

from dataclasses import dataclass

from releasing import window
from releasing.checklists import BY_NAME, how_to_mend
from releasing.context import Context
from releasing.criteria import Reading
from releasing.deploying import colour_of, faults_of, note, require_no_unfinished_rollback
from releasing.errors import Failed, Refused
from releasing.readings import read
from releasing.records import Record
from releasing.settings import other
from releasing.verifying import verify


@dataclass(frozen=True)
class Blocker:
    """Why it may not be switched now, and how to mend that. `item` is of the checklists, or the window."""

    item: str
    text: str
    excusable: bool


def blockers(context: Context, record: Record) -> list[Blocker]:
    """Of production everything on the checklists, and the window; elsewhere what the program finds out itself."""
    settings, moment = context.settings, context.now()
    found = [
        Blocker(item.name, f"{item.text}: open. {how_to_mend(item, record.version)}", item.excusable)
        for item in record.open_items()
        if item.blocks and item.name != "backup" and (settings.is_production or not item.excusable)
    ]
    if not settings.is_production:
        return found
    if not window.is_open(settings.window, moment):
        opens = window.opens_next(settings.window, moment)
        allowed = window.in_words(settings.window)
        found.append(Blocker("window", f"Outside the window, {allowed}. Wait until {opens:%A %Y-%m-%d %H:%M}.", True))
    if fault := context.target.backup_fault(moment):
        found.append(Blocker("backup", f"{fault} {how_to_mend(BY_NAME['backup'], record.version)}", True))
    return found


def switch(context: Context, version: str, *, reason: str = "") -> dict[str, Reading]:
    """Returns what was counted there before the traffic came.

    Raises Refused for what is open and not excused by the reason; Failed when a step did not succeed: then the traffic
    is where it was. A switch that was killed may be repeated.
    """
    target, record = context.target, context.record(version)
    require_no_unfinished_rollback(context)
    colour = colour_of(context, version)
    previous = other(colour)
    if target.live() == colour:
        return _finish(context, record, colour, previous)
    findings = verify(context, colour, version)
    note(context, version, findings)
    if faults := faults_of(findings):
        raise Refused(f"{version} in {colour} is not as it should be: {'; '.join(faults)}. Nothing was switched.")
    _require(context, record, reason)
    record.add("switching", {"to": colour, "previous": previous, "previous_version": target.version_of(previous)})
    baseline = _move(context, record, colour, previous)
    _switched(context, record, colour, previous)
    return baseline


def _require(context: Context, record: Record, reason: str) -> None:
    found = blockers(context, record)
    firm = [blocker for blocker in found if not blocker.excusable]
    if firm or (found and not reason):
        way_out = "" if firm else '\nOr say why it cannot wait: --reason "…" is recorded.'
        raise Refused("\n".join(["Not switched:", *(f"- {row.text}" for row in (firm if reason else found))]) + way_out)
    if found:
        record.add("excused", {"reason": reason, "missing": [blocker.text for blocker in found]})
    if context.settings.is_production and "backup" not in {blocker.item for blocker in found}:
        record.note("backup", done=True, detail="fresh, and as it was written")


def _move(context: Context, record: Record, colour: str, previous: str) -> dict[str, Reading]:
    """Traffic goes last, so that a step that fails leaves it where it was."""
    target = context.target
    try:
        context.say(f"stopping worker and clock of {previous}")
        target.stop_work(previous)
        context.say(f"starting worker and clock of {colour}")
        target.start_work(colour)
        baseline = read(target.backends(colour))
        context.say(f"traffic to {colour}")
        target.point_traffic(colour)
        if (live := target.live()) != colour:
            raise Failed(f"Traffic still goes to {live}.")
    except BaseException as error:
        if _moved(context, colour):
            raise
        undone = _put_back(context, record, colour, previous)
        if isinstance(error, Failed):
            raise Failed(f"{error}\n{undone} {context.where()}") from error
        context.say(f"{undone} {context.where()}")
        raise
    return baseline


def _moved(context: Context, colour: str) -> bool:
    try:
        return context.target.live() == colour
    except Failed:
        return False


def _put_back(context: Context, record: Record, colour: str, previous: str) -> str:
    """Worker and clock as they were; what became of that, in words."""
    try:
        context.target.stop_work(colour)
        context.target.start_work(previous)
        record.add("put back")
    except (Failed, OSError) as error:
        return f"Worker and clock could not be put back: {error}"
    return f"Worker and clock are those of {previous} again."


def _finish(context: Context, record: Record, colour: str, previous: str) -> dict[str, Reading]:
    """The traffic is there already: of this switch, or of one that was killed after it."""
    context.say(f"{record.version} in {colour} has the traffic already; worker and clock follow.")
    context.target.stop_work(previous)
    context.target.start_work(colour)
    last = record.last("switching", "switched", "rolled back")
    if last is None or last["what"] != "switched":
        _switched(context, record, colour, previous)
    return read(context.target.backends(colour))


def _switched(context: Context, record: Record, colour: str, previous: str) -> None:
    previous_version = context.target.version_of(previous)
    record.add("switched", {"to": colour, "previous": previous, "previous_version": previous_version})
    context.say(f"{record.version} is live, in {colour}. {previous_version or 'What was'} stands ready in {previous}.")
    if more := context.target.after_switch(colour, record.version):
        context.say(more)
