"""How often something may be tried: a count per key in the shared cache."""

import time

from django.core.cache import cache


def allowed(key: str, *, limit: int, seconds: int) -> bool:
    """Count one try under `key`; False from the try after `limit` on, until `seconds` after the first.

    Without a cache (Redis is down) everything is allowed: what is throttled has a lock of its own.
    """
    now = time.time()
    count, until = cache.get(_name(key)) or (0, 0)
    if until <= now:
        count, until = 0, now + seconds
    # Not `cache.incr`: the database's cache would begin its default time anew with every try.
    cache.set(_name(key), (count + 1, until), timeout=until - now)
    return count < limit


def forgive(key: str) -> None:
    cache.delete(_name(key))


def _name(key: str) -> str:
    # Keys hold what people type; memcached-style backends refuse spaces and lengths.
    return f"throttle:{key.encode().hex()[:200]}"
