from typing import Any

from django.core.paginator import Page, Paginator


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
