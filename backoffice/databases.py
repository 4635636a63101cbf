"""The `DATABASES` setting: two servers (`DB_CONNECTION=pgsql`) or two SQLite files."""

from pathlib import Path
from typing import Any

from backoffice.env import Environment
from core.replica import PRIMARY, REPLICA

CONNECT_SECONDS = 5
# Longer than any statement of ours takes; migrations lift it (`migrate_all`).
STATEMENT_SECONDS = 60


def sqlite(data_dir: Path) -> dict[str, dict[str, Any]]:
    return {
        "default": sqlite_file(data_dir / "identity.sqlite3"),
        "business": sqlite_file(data_dir / "business.sqlite3"),
    }


def sqlite_file(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            # A deferred transaction that reads before it writes fails at once when another one wrote meanwhile;
            # an immediate one waits its turn.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
        },
    }


def servers(env: Environment) -> dict[str, dict[str, Any]]:
    """PostgreSQL for identity and MySQL or MariaDB for business data. Values are the plan's names."""
    identity_hosts = env.text("DB_PGSQL_HOST", "127.0.0.1")
    found: dict[str, dict[str, Any]] = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": identity_hosts,
            "PORT": env.port("DB_PGSQL_PORT", 5432),
            "NAME": env.text("DB_PGSQL_DATABASE", "evaltrack_users"),
            "USER": env.text("DB_PGSQL_USERNAME", "evaltrack_user"),
            "PASSWORD": env.secret("DB_PGSQL_PASSWORD"),
            # A server-side cursor outlives its transaction, which pgbouncer's transaction pooling does not allow.
            "DISABLE_SERVER_SIDE_CURSORS": True,
            "OPTIONS": {
                "connect_timeout": CONNECT_SECONDS,
                # A dead server is noticed in seconds by the client; pgbouncer refuses `options`.
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                "tcp_user_timeout": STATEMENT_SECONDS * 1000,
                # Of several the one that was promoted; a replica takes no writes.
                **({"target_session_attrs": "read-write"} if "," in identity_hosts else {}),
            },
        }
        | PERSISTENT
        | test_database(env, "evaltrack_users"),
        "business": {
            "ENGINE": "django.db.backends.mysql",
            "HOST": env.text("DB_HOST", "127.0.0.1"),
            "PORT": env.port("DB_PORT", 3306),
            "NAME": env.text("DB_DATABASE", "evaltrack_business"),
            "USER": env.text("DB_USERNAME", "evaltrack_user"),
            "PASSWORD": env.secret("DB_PASSWORD"),
            "OPTIONS": {
                "charset": "utf8mb4",
                "sql_mode": "TRADITIONAL",
                "isolation_level": "read committed",
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": STATEMENT_SECONDS,
                "write_timeout": STATEMENT_SECONDS,
            },
        }
        | PERSISTENT
        | test_database(env, "evaltrack_business", CHARSET="utf8mb4", COLLATION="utf8mb4_unicode_ci"),
    }
    if host := env.text("DB_REPLICA_HOST"):
        found[REPLICA] = replica_of(found[PRIMARY], host, env.port("DB_REPLICA_PORT", found[PRIMARY]["PORT"]))
    return found


def replica_of(primary: dict[str, Any], host: str, port: int) -> dict[str, Any]:
    """The same elsewhere. Who finds it gone asks the primary, and need not wait long for that."""
    options = primary["OPTIONS"] | {"connect_timeout": 1}
    return primary | {"HOST": host, "PORT": port, "OPTIONS": options, "TEST": {"MIRROR": PRIMARY}}


PERSISTENT = {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}


def test_database(env: Environment, name: str, **options: str) -> dict[str, Any]:
    """The suite's database; `TEST_DB_SUFFIX` keeps several suites on one server apart."""
    suffix = env.text("TEST_DB_SUFFIX")
    return {"TEST": {"NAME": "_".join(filter(None, ["test", name, suffix])), **options}}


def cache(env: Environment, redis_host: str) -> dict[str, Any]:
    """Redis where there is one, else a table in `default`: never a cache of one process, which others disagree with."""
    suffix = "-".join(filter(None, [env.text("TEST_DB_SUFFIX"), env.text("PYTEST_XDIST_WORKER")]))
    common = {"KEY_PREFIX": "-".join(filter(None, ["evaltrack", suffix]))}
    password, port = env.secret("REDIS_PASSWORD"), env.port("REDIS_PORT", 6379)
    if not redis_host:
        return common | {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
    return common | {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": f"redis://{redis_host}:{port}/0",
        "OPTIONS": {
            "PASSWORD": password,
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 1,
            # A lost cache makes pages slower, not impossible.
            "IGNORE_EXCEPTIONS": True,
        },
    }
