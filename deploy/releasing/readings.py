"""All backends of a colour asked at once."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from releasing.backends import Answer, Backend
from releasing.criteria import Reading
from releasing.errors import Failed
from releasing.metrics import Counts, counts_in


def read(backends: Sequence[Backend]) -> dict[str, Reading]:
    with ThreadPoolExecutor(max_workers=max(2 * len(backends), 1)) as pool:
        ready = [pool.submit(fault_of, backend) for backend in backends]
        counts = [pool.submit(counts_of, backend) for backend in backends]
        return {
            backend.name: Reading(count.result(), fault.result())
            for backend, count, fault in zip(backends, counts, ready, strict=True)
        }


def fault_of(backend: Backend) -> str:
    """Why it is not ready; '' if it is. A cache that is lost makes it slower, not unready."""
    try:
        answer = backend.ask("/health/ready")
    except Failed as error:
        return str(error)
    return "" if answer.status == 200 else f"/health/ready answers {answer.status} ({_word(answer)})"


def counts_of(backend: Backend) -> Counts | None:
    """None where it gives none."""
    with suppress(Failed, ValueError):
        answer = backend.ask("/metrics")
        if answer.status == 200:
            return counts_in(answer.text)
    return None


def _word(answer: Answer) -> str:
    """`business: down` of the details, or the word that everybody reads."""
    try:
        checks = json.loads(answer.text)["checks"]
        bad = [f"{name}: {row['status']}" for name, row in checks.items() if row["status"] != "up"]
    except (ValueError, KeyError, TypeError):
        return answer.text.strip()[:80]
    return ", ".join(bad)
