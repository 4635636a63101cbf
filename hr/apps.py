from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HrConfig(AppConfig):
    """People operations. Every table of this app lives in the `business` database."""

    name = "hr"
    verbose_name = _("People")

    def ready(self) -> None:
        from hr import (
            grantable,
            receivers,  # noqa: F401  (connects them)
        )
        from hr.services import (  # they make their kinds of message known
            account_follow,  # noqa: F401
            accounts,  # noqa: F401
            event_figures,  # noqa: F401  (told of what is written)
            leavers,  # noqa: F401
            notices,  # noqa: F401
            reconcile,  # noqa: F401
        )

        grantable.register()
