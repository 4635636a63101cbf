import gettext

import pytest

from backoffice import messages

CODE = """
from django.utils.translation import gettext as _, ngettext, pgettext_lazy

a = _("Hello, %(name)s")
b = ngettext("%(count)d row", "%(count)d rows", 2)
c = pgettext_lazy("month", "May")
d = _("one text "
      "in two parts")
"""
TEMPLATE = """
  {% load i18n %}<p title="{% translate 'A "title"' %}">don't</p>
      {{ _("in a variable") }} {% if x == _('in a tag') %}
  {% blocktranslate count n=rows trimmed %}
     one thing
  {% plural %}
     %(n)s things {{ n }}
  {% endblocktranslate %}
  {% translate "May" context "permission" %}
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "hr" / "templates").mkdir(parents=True)
    (tmp_path / "hr" / "code.py").write_text(CODE)
    (tmp_path / "hr" / "templates" / "page.html").write_text(TEMPLATE)
    return tmp_path


def translate(root, old, new):
    path = messages.po_path(root, "es")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_texts_of_code_and_templates_are_collected(root):
    assert messages.collect(root) == {
        (None, "Hello, %(name)s", None),
        (None, "%(count)d row", "%(count)d rows"),
        ("month", "May", None),
        (None, "one text in two parts", None),
        (None, 'A "title"', None),
        (None, "in a variable", None),
        (None, "in a tag", None),
        (None, "one thing", "%%(n)s things %(n)s"),
        ("permission", "May", None),
    }


def test_what_is_translated_is_kept_compiled_and_found(root):
    (root / "hr" / "templates" / "page.html").unlink()
    (root / "hr" / "code.py").write_text('_("Hello, %(name)s")\n_("Bye")\n')
    messages.update(root, "es", messages.collect(root))
    translate(root, 'msgid "Hello, %(name)s"\nmsgstr ""', 'msgid "Hello, %(name)s"\nmsgstr "Hola, %(name)s"')
    (root / "hr" / "code.py").write_text('_("Hello, %(name)s")\n_("New")\n')

    messages.update(root, "es", messages.collect(root))

    assert messages.faults(root, "es", messages.collect(root)) == ["es: not translated: 'New'"]
    with messages.po_path(root, "es").with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Hello, %(name)s") == "Hola, %(name)s"


def test_every_fault_of_a_translation_is_named(root):
    (root / "hr" / "templates" / "page.html").unlink()
    (root / "hr" / "code.py").write_text('_("Hello, %(name)s")\n_("Old")\n_("Sure")\n')
    messages.update(root, "es", messages.collect(root))
    translate(root, 'msgid "Hello, %(name)s"\nmsgstr ""', 'msgid "Hello, %(name)s"\nmsgstr "Hola, %(nombre)s"')
    translate(root, 'msgid "Old"\nmsgstr ""', 'msgid "Old"\nmsgstr "Viejo"')
    translate(root, 'msgid "Sure"\nmsgstr ""', '#, fuzzy\nmsgid "Sure"\nmsgstr "Seguro"')
    (root / "hr" / "code.py").write_text('_("Hello, %(name)s")\n_("Sure")\n_("New")\n')

    assert messages.faults(root, "es", messages.collect(root)) == [
        "es: django.mo is not what django.po compiles to",
        "es: marked fuzzy: 'Sure'",
        "es: no longer used: 'Old'",
        "es: not collected yet: 'New'",
        "es: other placeholders than the source: 'Hello, %(name)s'",
    ]


def test_the_source_is_english_with_named_placeholders():
    keys = {
        (None, "Añadir", None),
        (None, "%s rows", None),
        (None, "{} of 100 %%", None),
        (None, "%(n)d of 5 %%", None),
    }

    assert messages.source_faults(keys) == [
        "en: a placeholder without a name: '%s rows'",
        "en: a placeholder without a name: '{} of 100 %%'",
        "en: not English: 'Añadir'",
    ]
