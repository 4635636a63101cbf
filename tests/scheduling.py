"""Which worker of a parallel run asks what."""

from xdist.scheduler import LoadScopeScheduling


class Scheduler(LoadScopeScheduling):
    """One test after the other to whoever is free. Those of the browser stay together: they share one running demo.

    They are the largest group, and so the first to be handed out. (Groups marked `xdist_group` go unheard: pytest 9.2
    has no more use for the suffix that xdist gives their names.)
    """

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else nodeid
