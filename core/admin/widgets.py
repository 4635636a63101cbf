from typing import Any

from django.contrib.admin.widgets import AutocompleteMixin, AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError


class _KnownKeys(AutocompleteMixin):
    """What is no key chooses nothing: shown again after an error, Django's answers 500."""

    def optgroups(self, name: str, value: list[Any], attr: Any = None) -> list[Any]:
        return super().optgroups(name, [key for key in value if self._is_key(key)], attr)

    def _is_key(self, text: Any) -> bool:
        try:
            self.field.remote_field.model._meta.pk.to_python(text)
        except ValidationError:
            return text == ""
        return True


class RowSelect(_KnownKeys, AutocompleteSelect):
    """One row, found by typing."""


class RowsSelect(_KnownKeys, AutocompleteSelectMultiple):
    """Several rows, found by typing."""
