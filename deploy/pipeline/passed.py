#!/usr/bin/env python3
"""`passed.py ENVIRONMENT DIGEST`: may this image go there?

Only one that GitHub has seen succeed in the environment before, at this commit; and only where somebody has to
approve, since GitHub makes an environment that nobody has set up without any protection. And only one that contains
what is there: a run may wait for its approval longer than a newer one. Each deployment of the pipeline leaves its
digest in the address of its environment. Reads GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_SHA and GH_TOKEN, whose
bearer may read actions, contents and deployments. Ends with 1 and the reason.
"""

import json
import os
import re
import sys
import urllib.error
import urllib.request
from typing import Any

BEFORE = {"qa": None, "staging": "qa", "production": "staging"}


def main(environment: str, digest: str) -> int:
    if environment not in BEFORE:
        return refuse(f"{environment} is no environment of {', '.join(BEFORE)}")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        return refuse(f"{digest!r} is no digest")
    before = BEFORE[environment]
    try:
        if before and not has_reviewers(environment):
            return refuse(f"nobody has to approve {environment}: give the environment required reviewers")
        if before and not succeeded(before, digest):
            return refuse(f"{digest} has not succeeded in {before} at this commit")
        there = commit_in(environment)
        if there and not contains(there):
            return refuse(f"{environment} has {there}, which is not in this commit: go back by a revert on develop")
    except urllib.error.URLError as error:
        return refuse(f"GitHub does not say what was deployed: {error}")
    return 0


def refuse(reason: str) -> int:
    sys.stderr.write(f"Refused: {reason}.\n")
    return 1


def has_reviewers(environment: str) -> bool:
    rules = asked(f"environments/{environment}")["protection_rules"]
    return any(rule["type"] == "required_reviewers" and rule["reviewers"] for rule in rules)


def succeeded(environment: str, digest: str) -> bool:
    deployments = asked(f"deployments?environment={environment}&sha={os.environ['GITHUB_SHA']}&per_page=100")
    return any(
        (status["environment_url"] or "").endswith(f"#{digest}")
        for deployment in deployments
        for status in successes(deployment)
    )


def commit_in(environment: str, page: int = 1) -> str | None:
    """That of the last success; None before the first. As runs wait, it need not be the newest deployment's."""
    deployments = asked(f"deployments?environment={environment}&per_page=100&page={page}")
    found = [(status["created_at"], row["sha"]) for row in deployments for status in successes(row)]
    if found:
        return str(max(found)[1])
    return commit_in(environment, page + 1) if deployments else None


def successes(deployment: dict[str, Any]) -> list[dict[str, Any]]:
    """An older deployment is `inactive` by now; that it once succeeded is what counts."""
    statuses = asked(f"deployments/{deployment['id']}/statuses?per_page=100")
    return [status for status in statuses if status["state"] == "success"]


def contains(commit: str) -> bool:
    return asked(f"compare/{commit}...{os.environ['GITHUB_SHA']}")["status"] in {"ahead", "identical"}


def asked(path: str) -> Any:
    address = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}"
    headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {os.environ['GH_TOKEN']}"}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310  (the runner's own variable)
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
