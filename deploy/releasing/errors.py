class Refused(Exception):
    """Nothing was begun. Says what is missing, and how to mend it."""


class Failed(Exception):
    """A step did not do what it should. Says which, and what is where now."""
