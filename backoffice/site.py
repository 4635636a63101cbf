from unfold.sites import UnfoldAdminSite


class BackofficeSite(UnfoldAdminSite):
    """The one site: the back office itself."""
