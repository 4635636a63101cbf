"""The settings of the program that is drilled: its own, and what lets it misbehave."""

from backoffice.settings import *  # noqa: F403

# The first answers even before the probes do; the second is counted, timed and logged as a view is.
MIDDLEWARE = ["drill_faults.ProbeFaults", *MIDDLEWARE, "drill_faults.PageFaults"]  # noqa: F405
