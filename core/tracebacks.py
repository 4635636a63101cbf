"""What may be told of an error where others read it: in logs, and to services that collect errors.

The texts of errors quote what people typed (`Duplicate entry 'ana@example.org'`); what a server says of itself is told.
"""

import os
import traceback

from django.db import DatabaseError, InterfaceError, OperationalError


def said_by(error: BaseException) -> str:
    """The code of a database's error, or what a lost server or the operating system says; else ''."""
    if isinstance(error, OSError):
        return os.strerror(error.errno) if error.errno else ""
    if not isinstance(error, DatabaseError | InterfaceError):
        return ""
    if error.args and isinstance(error.args[0], int):
        return str(error.args[0])
    if code := getattr(error.__cause__, "sqlstate", None):
        return str(code)
    return str(error).partition("\n")[0] if isinstance(error, OperationalError | InterfaceError) else ""


def kind_of(error: BaseException) -> str:
    """The error's class as Python writes it, and what may be told of its text."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name}: {said}" if (said := said_by(error)) else name


def without_messages(error: BaseException) -> str:
    """The traceback of the error and of what led to it, with lines of code and kinds of errors alone."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{without_messages(earlier)}\n\nwhich led to:\n\n" if earlier else ""
    places = "".join(traceback.format_tb(error.__traceback__))
    return f"{before}Traceback (most recent call last):\n{places}{kind_of(error)}"
