"""Leases: of any number of processes, one at a time does a job."""

from datetime import datetime

from django.db.models import F, Q
from django.utils import timezone

from hr.models import Lease
from hr.services.writing import business_atomic


@business_atomic
def take_lease(name: str, holder: str, *, until: datetime) -> bool:
    """Take or renew the lease; False while another holder's runs."""
    now = timezone.now()
    mine_or_free = Lease.objects.filter(Q(expires_at__lte=now) | Q(holder=holder), name=name)
    if mine_or_free.update(holder=holder, expires_at=until, updated_at=now, version=F("version") + 1):
        return True
    _lease, created = Lease.objects.get_or_create(name=name, defaults={"holder": holder, "expires_at": until})
    return created


@business_atomic
def give_back(name: str, holder: str) -> None:
    """Let the next one take it at once. Does nothing if another holds it."""
    Lease.objects.filter(name=name, holder=holder).update(expires_at=timezone.now(), version=F("version") + 1)
