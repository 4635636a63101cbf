"""Every address of the product, read from the URL resolver itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Address:
    """One pattern. `kind` is what tests/access/table.py knows it by: `change` of any model, or its own name."""

    route: str
    name: str
    kind: str
    model: type[Model] | None = None

    @property
    def arguments(self) -> list[str]:
        return ARGUMENT.findall(self.route)

    def url(self, **values: object) -> str:
        """The path with the arguments filled in; what the pattern does not take becomes the query."""
        path = ARGUMENT.sub(lambda match: str(values[match[1]]), self.route)
        query = "&".join(f"{name}={value}" for name, value in values.items() if name not in self.arguments)
        return f"/{path}?{query}" if query else f"/{path}"

    def __str__(self) -> str:
        return f"{self.model._meta.label_lower}.{self.kind}" if self.model else self.kind


def all_addresses() -> list[Address]:
    """Each once: a button shown in two places has its pattern twice."""
    return list(dict.fromkeys(_walk(get_resolver().url_patterns, "")))


def _walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[Address]:
    for pattern in patterns:
        route = before + _readable(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield _address(route, pattern.name or "")


def _address(route: str, name: str) -> Address:
    for model in admin.site._registry:
        prefix = f"{model._meta.app_label}_{model._meta.model_name}_"
        folder = f"{model._meta.app_label}/{model._meta.model_name}/"
        if name.startswith(prefix):
            return Address(route, name, name.removeprefix(prefix), model)
        if not name and route.startswith(folder):
            return Address(route, name, "short", model)
    return Address(route, name, name or "anything")


def _readable(pattern: str) -> str:
    """The admin's two patterns that are regular expressions, as routes."""
    return re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", pattern).lstrip("^").rstrip("$")
