"""A class that no stylesheet holds does nothing, and nobody is told: Unfold ships a compiled Tailwind."""

import re
from pathlib import Path

import unfold

from tests.backoffice.conftest import ROOT

UNFOLD = Path(unfold.__file__).parent / "static" / "unfold" / "css" / "styles.css"
MAIL = ROOT / "core/templates/core/mail/base.html"
# Hooks: read by a test, by Unfold's scripts or by Tailwind's own `group/name` mark; and what a value of the row ends.
NOT_STYLED = re.compile(r"load-|group|stacked-counter|.*-$")


def stylesheets():
    own = [path for app in ("backoffice", "core", "hr") for path in (ROOT / app).glob("static/**/*.css")]
    return "".join(path.read_text() for path in [UNFOLD, MAIL, *own]).replace("\\", "")


def classes_of_our_templates():
    for app in ("backoffice", "core", "hr"):
        for path in [*(ROOT / app).glob("templates/**/*.html"), *(ROOT / app).glob("**/*.py")]:
            text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", path.read_text())
            for value in re.findall(r'(?<![:\w-])class="([^"{}]*)"', text):
                for name in value.split():
                    yield name, path.relative_to(ROOT)


def test_every_class_is_in_a_stylesheet():
    css = stylesheets()

    unknown = {
        f"{path}: {name}"
        for name, path in classes_of_our_templates()
        if not NOT_STYLED.match(name) and not re.search(re.escape(f".{name}") + r"(?![\w-])", css)
    }

    assert unknown == set()
