"""What dependencies show is Spanish too, and stays so when they are updated."""

import importlib
from pathlib import Path

import pytest
from django import forms
from django.contrib.admin import site
from django.contrib.admin.widgets import AutocompleteSelect
from django.utils.translation import gettext, override
from django.utils.translation.trans_real import translation
from unfold.contrib.filters.forms import AutocompleteDropdownForm
from unfold.widgets import UnfoldAdminAutocompleteWidget, UnfoldAdminSelect2Widget

from backoffice import messages
from backoffice.select2 import DJANGOS, SPANISH
from hr.models import Employee

# Parts that no page of ours shows: the text editor, pages replaced by ours, integrations that are not installed.
UNUSED = {
    "unfold": [
        *["contrib/constance", "contrib/forms", "contrib/hijack", "contrib/import_export", "contrib/reversion"],
        *["contrib/reversion_compare", "contrib/simple_history", "forms.py"],
    ],
    "axes": [],
    "django_tasks": [],
    "django_tasks_db": [],
}
# For the programmer, and refused by a check before anybody meets it.
UNSEEN = (
    'Field <strong class="font-semibold">{field_name}</strong> is not an autocomplete field. '
    "Please add it to the `autocomplete_fields` list."
)


def texts_of(package):
    root = Path(importlib.import_module(package).__file__).parent
    unused = [root / part for part in UNUSED[package]]
    for path in root.rglob("*"):
        if any(path.is_relative_to(part) for part in unused):
            continue
        if path.suffix == ".py":
            yield from messages.texts_of_code(path)
        elif path.suffix == ".html" and "templates" in path.parts:
            yield from messages.texts_of_template(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("package", UNUSED)
def test_every_text_of_a_dependency_has_spanish(package):
    texts = set(texts_of(package))
    spanish = translation("es")

    missing = {
        singular
        for context, singular, plural in texts
        if singular != UNSEEN
        for key in [f"{context}\x04{singular}" if context else singular]
        if ((key, 0) if plural else key) not in spanish._catalog and key not in spanish._catalog
    }

    assert len(texts) > 3
    assert missing == set()


def test_ours_goes_before_the_spanish_of_django():
    with override("es"):
        assert gettext("View %s") == "Ver %s"


@pytest.mark.parametrize("owner", [UnfoldAdminSelect2Widget, UnfoldAdminAutocompleteWidget, AutocompleteDropdownForm])
def test_choices_found_by_typing_load_one_select2_and_its_translation(owner):
    with override("es"):
        djangos = AutocompleteSelect(Employee._meta.get_field("org_unit"), site).media
    both = forms.Media(js=owner.Media.js) + djangos

    scripts = [script for script in both._js if "select2/" in script]

    assert scripts == [DJANGOS, SPANISH]
