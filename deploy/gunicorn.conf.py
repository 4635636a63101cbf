"""The web process. Read by `make demo`, Docker and plain hosts alike."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from backoffice.env import Environment  # noqa: E402

env = Environment.load(ROOT)

chdir = str(ROOT)
wsgi_app = "backoffice.wsgi"
# WEB_BIND may name a unix socket: nginx switches between two of them without a reload.
bind = env.text("WEB_BIND", f"{env.text('HOST', '127.0.0.1')}:{env.port('PORT', 8000)}")
worker_class = "gthread"
workers = env.number("WEB_WORKERS", 2, least=1)
threads = env.number("WEB_THREADS", 4, least=1)
# A refused start ends the process with its message instead of one worker after the other.
preload_app = True
timeout = 60
graceful_timeout = 30
forwarded_allow_ips = ",".join(env.items("TRUSTED_PROXIES", ["127.0.0.1", "::1"]))
# Heartbeat files on a disk can block a worker for seconds.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True
loglevel = "warning"


def metrics_folder() -> str:
    """Where the processes of this start count together (backoffice/metrics.py); it goes with the one that made it."""
    if named := env.text("PROMETHEUS_MULTIPROC_DIR"):  # or made already: this file is read again on SIGHUP
        return named
    folder, maker = tempfile.mkdtemp(prefix="evaltrack-metrics-", dir=worker_tmp_dir), os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == maker else None)
    return folder


# The library looks for it when it is imported.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_folder()


def child_exit(server: object, worker: object) -> None:
    """What a worker counted stays; what it holds does not."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)
