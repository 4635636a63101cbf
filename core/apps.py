from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    """Identity: users, roles, grants. Lives in the `default` database and knows nothing about employees."""

    name = "core"
    verbose_name = _("Access")

    def ready(self) -> None:
        from core import receivers  # noqa: F401  (connects them)
