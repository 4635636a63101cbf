from django.db import models

from hr.models.base import BusinessModel
from hr.models.event import Event
from hr.querysets import BusinessQuerySet, EventFiguresQuerySet


class EventFigures(BusinessModel):
    """What is counted of the attendance of an event (hr/figures.py): of a unit's own people, or of everybody.

    Kept by hr/services/event_figures.py, so that a report of a million rows adds up some thousands of these.
    """

    # In place of a unit: of everybody.
    EVERYBODY = 0

    # The database keeps no constraint: to check it, a count would wait for whoever holds the event.
    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="figures", db_constraint=False, db_index=False
    )
    org_unit_id = models.BigIntegerField(help_text="0 for everybody")
    enrolled = models.PositiveIntegerField()
    came = models.PositiveIntegerField()
    absent = models.PositiveIntegerField()
    time = models.DurationField(help_text="attended by all of them together")

    objects = EventFiguresQuerySet.as_manager()

    class Meta:
        verbose_name = "figures of an event"
        verbose_name_plural = "figures of events"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["event", "org_unit_id"], name="event_figures_once")]

    def __str__(self) -> str:
        return f"{self.event}: {self.came} / {self.enrolled}"


class FiguresDue(BusinessModel):
    """Something was written that the figures of an event are made of. As long as there is one, its rows are counted.

    A row for each time: nobody waits for anybody else to write one, and whoever counts anew removes those that were
    there before he began. So it names the event by a plain number.
    """

    event_id = models.BigIntegerField(db_index=True)

    objects = BusinessQuerySet.as_manager()

    class Meta:
        verbose_name = "figures due"
        verbose_name_plural = "figures due"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.event_id}"
