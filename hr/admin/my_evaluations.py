"""My evaluations: what waits for one's answers, what is due first at the top, and what became of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from hr.admin.answering import is_open
from hr.admin.labels import EVALUATION_LABELS
from hr.admin.self_pages import choices_of, paged, require_employee, self_page
from hr.self_service import answered, to_answer, to_open

if TYPE_CHECKING:
    from hr.admin.evaluations import EvaluationAdmin


def my_evaluations_view(request: HttpRequest, model_admin: EvaluationAdmin) -> HttpResponse:
    user = require_employee(request)
    parts: dict[str, tuple[Any, Any]] = {
        "open": (_("To answer"), to_answer(user)),
        "later": (_("Not open yet"), to_open(user)),
        "done": (_("Answered or over"), answered(user)),
    }
    shown, links = choices_of(request, parts)
    context = paged(request, parts[shown][1])
    cards = [
        {
            "row": row,
            "label": (row.get_state_display(), EVALUATION_LABELS[row.state]),
            "is_open": is_open(row),
            "is_begun": row.state == row.State.IN_PROGRESS,
        }
        for row in context["page"]
    ]
    context |= {"title": _("My evaluations"), "shown": shown, "links": links, "cards": cards}
    return self_page(request, model_admin, "my_evaluations.html", context)
