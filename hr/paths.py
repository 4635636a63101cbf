"""The path of a unit: the ids of its ancestors and itself, each in base 36, upper case, six wide.

A subtree is the half-open range [path, after(path)). The end is computed, never `path + "~"`: that sorts before the
digits in some collations and would lose every unit below.
"""

WIDTH = 6
MAX_LENGTH = 252  # 42 levels
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def segment(unit_id: int) -> str:
    digits = ""
    while unit_id:
        unit_id, rest = divmod(unit_id, 36)
        digits = _DIGITS[rest] + digits
    return digits.rjust(WIDTH, "0")


def join(parent_path: str, unit_id: int) -> str:
    """The path of a unit below `parent_path` ('' for a root). Raises ValueError beyond 42 levels."""
    path = parent_path + segment(unit_id)
    if len(path) > MAX_LENGTH:
        raise ValueError(f"more than {MAX_LENGTH // WIDTH} levels of units")
    return path


def after(path: str) -> str:
    """The first path behind the subtree of `path`."""
    return path[:-WIDTH] + segment(int(path[-WIDTH:], 36) + 1)


def ids(path: str) -> list[int]:
    """The unit ids from the root to the unit itself."""
    return [int(path[start : start + WIDTH], 36) for start in range(0, len(path), WIDTH)]


def provisional(code: str) -> str:
    """A unique path for a row whose id the database has yet to give; replaced in the same transaction."""
    return f"?{code}"
