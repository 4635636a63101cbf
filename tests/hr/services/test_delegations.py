"""Who leaves his people to somebody else for a while."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.errors import NotAllowed
from core.models import UserGrant
from hr.services.delegations import delegate


@pytest.mark.parametrize(
    ("key", "may"), [("head", True), ("boss", True), ("plain", False), ("grant_unit", False), ("delegate", False)]
)
def test_a_manager_delegates_and_nobody_else(world, key, may):
    now = timezone.now()
    period = {"valid_from": now, "valid_until": now + timedelta(days=3)}
    before = UserGrant.objects.count()

    if may:
        delegate("manager_elsewhere", actor=world.user(key), reason="holidays", **period)
    else:
        with pytest.raises(NotAllowed):
            delegate("manager_elsewhere", actor=world.user(key), reason="holidays", **period)

    assert UserGrant.objects.count() == before + may
