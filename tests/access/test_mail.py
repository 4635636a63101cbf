"""What leaves by mail names nobody its reader does not see."""

from django.core import mail

from core.models import User
from hr.models import Employee
from hr.services import accounts, delivery, outbox
from tests.access.traces import Trace


def test_a_mail_tells_of_nobody_but_its_reader(readers, world, watch):
    people = ["luisa", "fabio", "gabo", "marco"]
    with watch.undone():
        User.objects.filter(employee_uid__in=[world.employees[key].uid for key in people]).update(password="!")
        Employee.objects.filter(code="ZCGABO").update(work_email="zagrantemployeeq@example.org")
        ids = [world.employees[key].pk for key in people]
        accounts.invite_employees(ids, actor=world.users["hr_manager"])
        outbox.expand_due(limit=50)
        delivery.deliver_due(limit=50)

    traces = readers["anonymous"].traces
    assert len(mail.outbox) >= 3
    for message in mail.outbox:
        told = traces.of(f"{message.subject} {message.body} {message.alternatives}")
        address = traces.of(" ".join(message.to))
        owners = {trace.key for trace in address}
        persons = owners | {"gabo"} if "grant_employee" in owners else owners
        assert told <= {Trace(what, key) for what in ("person", "user") for key in persons}, message.to
