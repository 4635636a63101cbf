from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HrConfig(AppConfig):
    """People operations. Every table of this app lives in the `business` database."""

    name = "hr"
    verbose_name = _("People")
