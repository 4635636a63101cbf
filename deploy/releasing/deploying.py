"""A version into the colour that is not live."""

from releasing.context import Context
from releasing.errors import Failed, Refused
from releasing.settings import other
from releasing.verifying import Finding, verify, wait_until_ready


def deploy(context: Context, version: str, *, reason: str = "") -> None:
    """Installs, migrates, starts and looks at it. Nobody is sent there yet.

    Raises Refused when the version is live already, and on production without a fresh backup, as migrations cannot be
    taken back; a reason overrides the backup, and is recorded.
    """
    target, record = context.target, context.record(version)
    live = target.live()
    colour = other(live)
    require_no_unfinished_rollback(context)
    if target.version_of(live) == version:
        raise Refused(f"{version} is live already, in {live}. Release a new version.")
    if context.settings.is_production and (fault := target.backup_fault(context.now())):
        if not reason:
            raise Refused(f'{fault} Migrations cannot be taken back: run deploy/backup, or give --reason "…".')
        record.add("excused", {"reason": reason, "missing": [fault]})
    if target.works(colour):
        raise Refused(f"Worker or clock of {colour} run although {live} is live. Stop them first.")
    record.add("deploying", {"colour": colour, "beside": live, "beside_version": target.version_of(live)})
    target.install(colour, version, context.say)
    context.say("migrating both databases")
    target.migrate(colour, version)
    record.note("migrations", done=True, detail=f"migrated by {version}")
    context.say(f"starting the web processes of {colour}")
    target.start_web(colour, version)
    wait_until_ready(context, colour)
    record.add("deployed", {"colour": colour})
    context.say(f"{version} stands ready in {colour}; {live} has the traffic.")


def require_no_unfinished_rollback(context: Context) -> None:
    record = context.newest_switch()
    last = record.last_move() if record else None
    if record and last and last["what"] == "rolling back":
        raise Refused(f"The rollback of {record.version} did not come to its end: bluegreen rollback finishes it.")


def verify_and_note(context: Context, version: str) -> None:
    """Raises Failed with everything that is not as it should be. What was found is in the record."""
    colour = colour_of(context, version)
    findings = verify(context, colour, version)
    note(context, version, findings)
    if faults := faults_of(findings):
        raise Failed(f"{version} in {colour} is not as it should be: {'; '.join(faults)}")


def note(context: Context, version: str, findings: list[Finding]) -> None:
    """Says each finding, and writes one line for each item."""
    record = context.record(version)
    for finding in findings:
        context.say(f"{'ok ' if not finding.fault else 'NOT'} {finding.text}{finding.fault and ': '}{finding.fault}")
    for item in dict.fromkeys(finding.item for finding in findings):
        faults = faults_of([finding for finding in findings if finding.item == item])
        record.note(item, done=not faults, detail="; ".join(faults) or "asked of every backend")


def faults_of(findings: list[Finding]) -> list[str]:
    return [f"{finding.text}: {finding.fault}" for finding in findings if finding.fault]


def colour_of(context: Context, version: str) -> str:
    """Where it stands. Raises Refused if it stands nowhere."""
    deployed = context.record(version).last("deployed")
    if deployed is None or context.target.version_of(deployed["colour"]) != version:
        raise Refused(f"{version} stands in neither colour: bluegreen deploy {version} puts it there.")
    colour: str = deployed["colour"]
    return colour
