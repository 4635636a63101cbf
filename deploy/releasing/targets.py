"""What a release asks of the place where the program runs."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from releasing.backends import Backend
from releasing.settings import Settings

Say = Callable[[str], None]


class Target(Protocol):
    """Each method raises Failed when what it is for did not come about, and may be repeated."""

    def live(self) -> str:
        """The colour that has the traffic."""
        ...

    def backends(self, colour: str) -> Sequence[Backend]:
        """Those there should be, whether or not they answer."""
        ...

    def version_of(self, colour: str) -> str:
        """Which version stands there; '' if none does."""
        ...

    def install(self, colour: str, version: str, say: Say) -> None:
        """Puts the version there. Its web processes of before are stopped."""
        ...

    def migrate(self, colour: str, version: str) -> None:
        """Brings both databases up to what the version needs."""
        ...

    def start_web(self, colour: str, version: str) -> None:
        """Starts the web processes of the version that stands there, anew if they run."""
        ...

    def begin_to_stop_work(self, colour: str) -> None:
        """Worker and clock take nothing new; what is in hand may go on for two minutes."""
        ...

    def stop_work(self, colour: str) -> None:
        """Waits until worker and clock have ended."""
        ...

    def start_work(self, colour: str) -> None: ...

    def works(self, colour: str) -> bool:
        """Whether a worker or a clock runs there."""
        ...

    def point_traffic(self, colour: str) -> None:
        """In one step."""
        ...

    def after_switch(self, colour: str, version: str) -> str:
        """What remains to be done by hand, in words; '' if nothing."""
        ...

    def log_lines(self, colour: str, since: datetime) -> list[str]:
        """Of web, worker and clock, as they were written."""
        ...

    def backup_fault(self, moment: datetime) -> str:
        """What is wrong with the newest backup, as a sentence; '' if it is fresh and whole."""
        ...

    def how_to_look(self, colour: str) -> str:
        """The command that shows the log."""
        ...


def target_of(settings: Settings) -> Target:
    if settings.target == "kubernetes":
        from releasing.kubernetes import KubernetesTarget

        return KubernetesTarget(settings)
    from releasing.host import HostTarget

    return HostTarget(settings)
