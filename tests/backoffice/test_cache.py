import os

import pytest
from django.core.cache import cache
from django.db import connection

WRITE = "from django.core.cache import cache; cache.set('colour', 'blue')"
READ = "from django.core.cache import cache; print(cache.get('colour'))"


def run(manage, code, **variables):
    result = manage("shell", "--verbosity", "0", "-c", code, **variables)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_two_processes_see_one_value_in_the_cache_table(manage):
    manage("createcachetable")

    run(manage, WRITE)

    assert run(manage, READ) == "blue"


@pytest.mark.servers
def test_two_processes_see_one_value_in_redis(manage):
    own = {"REDIS_HOST": os.environ["REDIS_HOST"], "TEST_DB_SUFFIX": f"cache{os.getpid()}"}

    run(manage, WRITE, **own)

    assert run(manage, READ, **own) == "blue"
    run(manage, "from django.core.cache import cache; cache.delete('colour')", **own)


def test_a_lost_redis_makes_no_error(manage):
    lost = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1", "LOG_LEVEL": "critical"}

    run(manage, WRITE, **lost)

    assert run(manage, READ, **lost) == "None"


@pytest.mark.django_db
def test_the_suite_uses_the_product_s_cache():
    cache.set("shared", [1, 2])

    assert cache.get("shared") == [1, 2]
    assert (connection.vendor == "sqlite") == ("DatabaseCache" in type(cache._connections["default"]).__name__)
