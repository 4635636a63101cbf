"""Ends with 1 unless the web process of this container answers. The image has no curl."""

import os
import sys
import urllib.error
import urllib.request

ADDRESS = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}/health/live"

try:
    urllib.request.urlopen(ADDRESS, timeout=2)
except (urllib.error.URLError, TimeoutError) as error:
    sys.exit(f"{ADDRESS}: {error}")
