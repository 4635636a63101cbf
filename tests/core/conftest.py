"""Three people: Ana administers, Hugo is the HR manager, Emma holds no right at all."""

import pytest
from django.contrib.auth.models import Group

from core import roles
from core.models import User

PASSWORD = "ceiba-amarilla-9"


def make_user(username, *held, password=PASSWORD, **fields):
    fields.setdefault("full_name", f"{username.capitalize()} Pérez")
    fields.setdefault("email", f"{username}@example.org")
    user = User.objects.create_user(username, password, **fields)
    user.groups.set(Group.objects.filter(name__in=held))
    return user


@pytest.fixture
def synced_roles(db):
    roles.sync_roles()


@pytest.fixture
def ana(synced_roles):
    return make_user("ana", roles.ADMINISTRATOR)


@pytest.fixture
def hugo(synced_roles):
    return make_user("hugo", roles.HR_MANAGER)


@pytest.fixture
def emma(synced_roles):
    return make_user("emma", roles.EMPLOYEE)
