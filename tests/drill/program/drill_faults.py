"""Faults of a bad release, told by a file `faults.json` in DRILL_FOLDER; without it all is well.

Each answer names the colour it comes from.
"""

import fcntl
import json
import logging
import os
import time
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse

FOLDER = Path(os.environ["DRILL_FOLDER"])
logger = logging.getLogger("backoffice.drill")


class BadRelease(Exception):
    """A fault that the drill put in."""


def faults():
    """What is wrong with this colour: {} if nothing is."""
    try:
        return json.loads((FOLDER / "faults.json").read_text()).get(settings.APP_COLOUR, {})
    except FileNotFoundError:
        return {}


def number_of_request():
    """1, 2, 3 …: of the requests to all processes, so that a share of them is exact."""
    with (FOLDER / "requests").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        number = int(file.read() or 0) + 1
        file.truncate(0)
        file.write(str(number))
        return number


def falls_on(number, share):
    """Whether the request is one of this share of all, evenly spread."""
    return int(number * share) > int((number - 1) * share)


class ProbeFaults:
    """`ready: false`: the program says that it is not ready."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info == "/health/ready" and not faults().get("ready", True):
            return HttpResponse("unavailable\n", content_type="text/plain", status=503)
        response = self.get_response(request)
        response["X-Colour"] = settings.APP_COLOUR
        return response


class PageFaults:
    """Of those who are logged in. `errors`: the share of requests that fail; `critical`: of those that log a critical
    line; `seconds`: how long each takes at least.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        wrong = faults()
        if not wrong or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        began, number = time.monotonic(), number_of_request()
        try:
            if falls_on(number, wrong.get("critical", 0)):
                logger.critical("a critical line of the drill")
            if falls_on(number, wrong.get("errors", 0)):
                raise BadRelease
            return self.get_response(request)
        finally:
            time.sleep(max(0.0, wrong.get("seconds", 0) - (time.monotonic() - began)))
