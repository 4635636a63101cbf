from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import BigIntegerField, ExpressionWrapper, F, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

NEWEST_FIRST = ("-id", "-pk")
# The same order, which no index has.
SORTED_NEWEST_FIRST = ExpressionWrapper(F("pk") + 0, output_field=BigIntegerField()).desc()


class KeysFirstPaginator(Paginator):
    """Finds the keys of a page without joins, then reads its rows.

    MariaDB begins an ORDER BY … LIMIT over joins with the smallest table and sorts all rows of the big one.
    """

    @property
    def knows_all(self) -> bool:
        """Whether `count` is the number of all rows."""
        return True

    def page(self, number: Any) -> Page:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows = self.object_list
        keys = self._keys(first, self._end(first))
        found = {row.pk: row for row in rows.order_by().filter(pk__in=keys)}
        return self._get_page([found[key] for key in keys if key in found], number, self)

    def _keys(self, first: int, end: int) -> list[Any]:
        """Those of a page in the second half are looked for from the end: the last page is as quick as the first."""
        keys = self._all_keys
        if self.knows_all and 2 * first > self.count:
            return list(keys.reverse()[self.count - end : self.count - first])[::-1]
        return list(keys[first:end])

    @property
    def _all_keys(self) -> QuerySet:
        """Of all rows, in their order."""
        return self.object_list.select_related(None).values_list("pk", flat=True)

    def _end(self, first: int) -> int:
        return min(first + self.per_page, self.count)


class CappedPaginator(KeysFirstPaginator):
    """Counts to `CAP` and no further: counting a million rows takes longer than the page of them.

    The pages behind are there all the same, for who narrows a list down by going on; an empty one ends it.

    Up to `FEW` rows of a search are found before they are sorted, and not looked for a second time: engines take what
    it finds for spread evenly, and go through all rows in the order of the list for it.
    """

    FEW, CAP, LAST_PAGE = 1_000, 10_000, 1_000_000
    template_name = "core/capped_pages.html"
    # Somebody asked for the exact number.
    counts_all = False
    # Somebody searches.
    may_find_few = False

    @cached_property
    def count(self) -> int:
        if self._few is not None:
            return len(self._few)
        rows = self.object_list.order_by().values("pk")
        return rows.count() if self.counts_all else rows[: self.CAP + 1].count()

    @property
    def is_capped(self) -> bool:
        return not self.counts_all and self.count > self.CAP

    @property
    def knows_all(self) -> bool:
        return not self.is_capped

    def validate_number(self, number: Any) -> int:
        if self.is_capped and str(number).isdecimal() and self.num_pages < int(number) <= self.LAST_PAGE:
            return int(number)
        return super().validate_number(number)

    def get_elided_page_range(self, number: Any = 1, **kwargs: Any) -> Any:
        # A page behind the counted ones is shown after them.
        pages = super().get_elided_page_range(min(int(number), self.num_pages), **kwargs)
        yield from pages
        if int(number) > self.num_pages:
            yield from (self.ELLIPSIS, int(number))

    @cached_property
    def _few(self) -> list[Any] | None:
        """The keys of all that a search found, unsorted; None if there are more."""
        if not self.may_find_few:
            return None
        keys = list(self._all_keys.order_by()[: self.FEW + 1])
        return keys if len(keys) <= self.FEW else None

    def _keys(self, first: int, end: int) -> list[Any]:
        if self._few is None:
            return super()._keys(first, end)
        return list(self._all_keys.filter(pk__in=self._few))[first:end]

    def _end(self, first: int) -> int:
        return first + self.per_page if self.is_capped else super()._end(first)


class PagedChangeList(ChangeList):
    """Asks its paginator for a single page too, so that a list takes as many queries however short it is."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.multi_page and not self.show_all:
            self.result_list = self.paginator.page(1).object_list

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[Any]:
        """Rows that are equal come in the direction of the others: an index is read in one direction."""
        *before, last = super().get_ordering(request, queryset)
        if not before and last in NEWEST_FIRST and self._is_narrowed(request):
            return [SORTED_NEWEST_FIRST, last]
        upwards = bool(before) and isinstance(before[-1], str) and not before[-1].startswith("-")
        return [*before, "pk" if upwards and last == "-pk" else last]

    def _is_narrowed(self, request: HttpRequest) -> bool:
        """Whether a filter leaves so few rows that sorting them is quicker than looking for them among all in order.

        The engines take them for spread evenly, and go through all newer rows for those of an old event.
        """
        names = getattr(self.model_admin, "narrowing_filters", ())
        return any(asked.split("__")[0] in names for asked in request.GET)
