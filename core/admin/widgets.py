from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect

from core.admin.rows import is_key


class RowSelect(AutocompleteSelect):
    """Django's, but what is no key chooses nothing: shown again after an error, Django's answers 500."""

    def optgroups(self, name: str, value: list[Any], attr: Any = None) -> list[Any]:
        model = self.field.remote_field.model
        return super().optgroups(name, [key for key in value if key == "" or is_key(model, key)], attr)
