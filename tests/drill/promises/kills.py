"""kill -9: a backend, one of its processes, and the worker in the middle of a load."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

from tests.drill.load import Stretch
from tests.drill.report import Promise
from tests.drill.scene import USER, Scene
from tests.drill.units import Service
from tests.servers.processes import children_of, wait_until

# Of a web process, and of a backend (deploy/gunicorn.conf.py).
THREADS, PROCESSES = 4, 2
BACK_SECONDS = 60
CALM_SECONDS = 3.0


def try_out(scene: Scene) -> Iterator[Promise]:
    yield _backends(scene)
    yield _web_process(scene)
    yield _worker(scene)


def _backends(scene: Scene) -> Promise:
    ground = scene.ground
    services = [ground.units.service(name) for name in ground.web_units(ground.live)]
    with scene.load.at_work() as stretch:
        for service in services:
            time.sleep(CALM_SECONDS)
            scene.tell(f"killing {service.name}")
            starts = service.starts
            ground.units.kill(service.name, signal.SIGKILL)
            _wait_for_start(service, starts)
        time.sleep(CALM_SECONDS)
    text = "A backend is killed under load, then the other: no GET fails, and of POST only what they had in hand"
    return _of(scene, text, stretch, in_hand=len(services) * PROCESSES * THREADS)


def _web_process(scene: Scene) -> Promise:
    service = scene.ground.units.service(scene.ground.web_units(scene.ground.live)[0])
    with scene.load.at_work() as stretch:
        time.sleep(CALM_SECONDS)
        killed = children_of(service.pid)[0]
        scene.tell(f"killing one of the processes of {service.name}")
        os.kill(killed, signal.SIGKILL)
        wait_until(
            lambda: len(set(children_of(service.pid)) - {killed}) == PROCESSES, seconds=BACK_SECONDS, what="another one"
        )
        time.sleep(CALM_SECONDS)
    return _of(scene, "A web process is killed under load: at most what it had in hand fails", stretch, in_hand=THREADS)


def _of(scene: Scene, text: str, stretch: Stretch, *, in_hand: int) -> Promise:
    failed = stretch.failed
    for answer in failed[:5]:
        scene.tell(f"failed: {answer}")
    gets = sum(answer.method == "GET" for answer in failed)
    posts = len(failed) - gets
    kept = scene.kept(stretch)
    return Promise(
        text,
        f"{gets} GET and {posts} POST (at most {in_hand}) of {len(stretch.answers):,} requests failed; {kept}",
        not gets and len(failed) <= in_hand and bool(stretch.answers) and kept.is_whole,
        {"requests": len(stretch.answers), "failed GET": gets, "failed POST": posts},
    )


def _wait_for_start(service: Service, starts: int) -> None:
    """Until it was started again, and said that it is ready."""
    wait_until(lambda: service.starts > starts, seconds=BACK_SECONDS, what=f"{service.name} is started again")
    with service.lock:
        assert service.state == "active", service


# --- The worker ------------------------------------------------------------------------------------------------------
UPLOAD = """
import json
from core.models import User
from hr.loading.kinds import KINDS
from hr.models import OrgUnit
from hr.services import imports
unit, actor = OrgUnit.objects.order_by("path").first().code, User.objects.get(username="{user}")
lines = ["Código,Nombres,Apellidos,Fecha de ingreso,Unidad"]
lines += [f"DRILL-{{n:06}},Ana,Pérez {{n}},2024-01-15,{{unit}}" for n in range({rows})]
job = imports.upload(KINDS["employees"], "drill.csv", "\\n".join(lines).encode(), actor=actor)
print(json.dumps(job.pk))
"""
CONFIRM = """
import json
from core.models import User
from hr.services import imports
print(json.dumps(imports.confirm({job}, actor=User.objects.get(username="{user}")).state))
"""
STATE = "SELECT state FROM hr_importjob WHERE id = %s"
PEOPLE = "SELECT COUNT(*), COUNT(DISTINCT code) FROM hr_employee WHERE code LIKE 'DRILL-%'"
HISTORY = (
    "SELECT COUNT(*), COUNT(DISTINCT id) FROM hr_historicalemployee WHERE code LIKE 'DRILL-%' AND history_type = '+'"
)
THREE_MINUTES_PASS = "UPDATE hr_importjob SET heartbeat_at = heartbeat_at - INTERVAL 3 MINUTE WHERE id = %s"
CHECK_SECONDS, LOAD_SECONDS = 240.0, 480.0


def _worker(scene: Scene) -> Promise:
    ground, plan = scene.ground, scene.plan
    mariadb, worker = ground.mariadb, ground.units.service(ground.work_units(ground.live)[0])

    def state() -> str:
        return str(mariadb.rows(STATE, [job])[0][0])

    def people(*, uncommitted: bool = False) -> int:
        return int(mariadb.rows(PEOPLE, uncommitted=uncommitted)[0][0])

    scene.tell(f"the worker checks a load of {plan.rows:,} rows")
    job = ground.shell(UPLOAD.format(rows=plan.rows, user=USER))
    wait_until(lambda: state() == "checked", seconds=CHECK_SECONDS, what="the load is checked", every=0.2)
    ground.shell(CONFIRM.format(job=job, user=USER))
    wait_until(
        lambda: people(uncommitted=True) > people() >= plan.rows_in,
        seconds=LOAD_SECONDS,
        what="rows are written",
        every=0.01,
    )
    before, starts = state(), worker.starts
    ground.units.kill(worker.name, signal.SIGKILL)
    killed, half = time.monotonic(), people()
    scene.tell(f"killed the worker; the load is {before}, {half:,} rows are in")
    _wait_for_start(worker, starts)
    if not plan.waits_for_stalled:
        mariadb.rows(THREE_MINUTES_PASS, [job])
    wait_until(lambda: state() != "applying", seconds=LOAD_SECONDS, what="the load is taken up again", every=0.2)
    seconds = time.monotonic() - killed
    found, history = mariadb.rows(PEOPLE)[0], mariadb.rows(HISTORY)[0]
    skipped = "" if plan.waits_for_stalled else ", the three minutes until it counts as abandoned left out"
    return Promise(
        f"The worker is killed in the middle of a load of {plan.rows:,} rows: it is finished, nothing is there twice",
        f"{half:,} rows were in at the kill; {seconds:.0f} s later{skipped}, {found[0]:,} people, {found[1]:,} codes,"
        f" {history[0]:,} entries in history of {history[1]:,} people; the load is {state()}",
        before == "applying"
        and plan.rows_in <= half < plan.rows
        and {*found, *history} == {plan.rows}
        and state() == "applied",
        {"rows at the kill": half, "seconds": round(seconds, 1), "people": found[0], "history": history[0]},
    )
