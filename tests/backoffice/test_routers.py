import pytest
from django.apps import apps
from django.db import connections, models, router
from django.test.utils import isolate_apps

from backoffice.routers import database_of
from core.models import User
from hr.models import Employee


def test_every_model_has_one_database():
    wrong = [
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if router.db_for_read(model) != database_of(model._meta.app_label)
        or router.db_for_write(model) != database_of(model._meta.app_label)
    ]

    assert wrong == []
    assert (router.db_for_read(Employee), router.db_for_read(User)) == ("business", "default")


@pytest.mark.django_db
def test_no_table_is_in_the_other_database():
    tables = {alias: set(connections[alias].introspection.table_names()) for alias in connections}

    assert [table for table in tables["default"] if table.startswith("hr_")] == []
    assert [table for table in tables["business"] if not table.startswith("hr_")] == ["django_migrations"]
    assert {"core_user", "django_session", "auth_permission"} <= tables["default"]
    assert "hr_employee" in tables["business"]


@pytest.mark.django_db
def test_business_records_no_other_migrations():
    with connections["business"].cursor() as cursor:
        cursor.execute("SELECT DISTINCT app FROM django_migrations")
        assert cursor.fetchall() in ([("hr",)], (("hr",),))


@isolate_apps("core", "hr")
@pytest.mark.parametrize("app_label", ["core", "hr"])
def test_a_relation_across_databases_raises(app_label):
    class Badge(models.Model):
        user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
        employee = models.ForeignKey(Employee, on_delete=models.CASCADE, related_name="+")

        Meta = type("Meta", (), {"app_label": app_label})

    allowed, forbidden = {"user": User()}, {"employee": Employee()}
    if app_label == "hr":
        allowed, forbidden = forbidden, allowed

    Badge(**allowed)
    with pytest.raises(ValueError, match="prevents this relation"):
        Badge(**forbidden)
