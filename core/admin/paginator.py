from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.http import HttpRequest


class KeysFirstPaginator(Paginator):
    """Finds the keys of a page without joins, then reads its rows.

    MariaDB begins an ORDER BY … LIMIT over joins with the smallest table and sorts all rows of the big one.
    """

    def page(self, number: Any) -> Page:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows = self.object_list
        keys = list(
            rows.select_related(None).values_list("pk", flat=True)[first : min(first + self.per_page, self.count)]
        )
        found = {row.pk: row for row in rows.order_by().filter(pk__in=keys)}
        return self._get_page([found[key] for key in keys if key in found], number, self)


class PagedChangeList(ChangeList):
    """Asks its paginator for a single page too, so that a list takes as many queries however short it is."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.multi_page:
            self.result_list = self.paginator.page(1).object_list
