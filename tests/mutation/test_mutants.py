"""The filters found in a small program, and the reasons given for those of ours that are harmless."""

import pytest

from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import find

QUERYSETS = '''
class EventQuerySet(BusinessQuerySet):
    def visible_to(self, user: User) -> Self:
        """Those of one's people."""
        return self.filter(scope_for(user, VIEW).as_q("employee"))

    def ordered(self) -> Self:
        return self.order_by("pk")
'''
SERVICES = """
def cancel_events(ids, *, actor):
    events = Event.objects.visible_to(actor).lock(ids)
    for event in events:
        require(can_cancel(actor, event))
    if not ids:
        raise DomainError("none")
    return events
"""


@pytest.fixture
def program(tmp_path):
    for path, source in {"hr/querysets.py": QUERYSETS, "hr/services/events.py": SERVICES}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(source)
    return tmp_path


def test_each_filter_of_a_new_model_is_a_mutant(program):
    found = [(mutant.path, mutant.place, mutant.before, mutant.after) for mutant in find(program)]

    rule, service = "hr/querysets.py", "hr/services/events.py"
    assert found == [
        (rule, "EventQuerySet.visible_to", "its body", "return self"),
        (rule, "EventQuerySet.visible_to", "scope_for(user, VIEW).as_q('employee')", "Q()"),
        (rule, "EventQuerySet.visible_to", "scope_for(user, VIEW)", "everybody"),
        (service, "cancel_events", "Event.objects.visible_to(actor)", "Event.objects"),
        (service, "cancel_events", "require(can_cancel(actor, event))", "pass"),
    ]


def test_a_mutant_differs_from_the_program_in_its_filter_alone(program):
    by_name = {(mutant.path, mutant.before): mutant.source for mutant in find(program)}

    assert by_name["hr/querysets.py", "its body"] == QUERYSETS.replace(
        'return self.filter(scope_for(user, VIEW).as_q("employee"))', "return self"
    )
    assert by_name["hr/services/events.py", "require(can_cancel(actor, event))"] == SERVICES.replace(
        "require(can_cancel(actor, event))", "pass"
    )


def test_every_reason_is_for_a_mutant_that_there_is():
    names = {mutant.name for mutant in find()}

    assert EQUIVALENT.keys() - names == set()
