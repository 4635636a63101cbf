from typing import Any

from django.contrib.admin.widgets import AutocompleteMixin, AutocompleteSelect, AutocompleteSelectMultiple

from core.admin.rows import is_key


class _KnownKeys(AutocompleteMixin):
    """What is no key chooses nothing: shown again after an error, Django's answers 500."""

    def optgroups(self, name: str, value: list[Any], attr: Any = None) -> list[Any]:
        model = self.field.remote_field.model
        return super().optgroups(name, [key for key in value if key == "" or is_key(model, key)], attr)


class RowSelect(_KnownKeys, AutocompleteSelect):
    """One row, found by typing."""


class RowsSelect(_KnownKeys, AutocompleteSelectMultiple):
    """Several rows, found by typing: among all of the field, or by the page of an address that offers fewer."""

    address = ""

    def get_url(self) -> str:
        return self.address or super().get_url()
