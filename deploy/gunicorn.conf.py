"""The web process. Read by `make demo`, Docker and plain hosts alike."""

import sys
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
