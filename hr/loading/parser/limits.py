"""What the process may take of the machine."""

import sys

try:
    import resource
except ImportError:  # Windows has none: there the parent's clock alone holds
    resource = None  # type: ignore[assignment]


def set_limits(*, memory: int, seconds: int) -> None:
    """`memory` in bytes of address space, `seconds` of processor time. Nothing may be written, or started."""
    if resource is None:
        return
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    if sys.platform != "darwin":  # it refuses this one
        limits[resource.RLIMIT_AS] = memory
    for limit, value in limits.items():
        _soft, hard = resource.getrlimit(limit)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (allowed, allowed))
