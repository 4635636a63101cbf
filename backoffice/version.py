from pathlib import Path


def commit_in(folder: Path) -> str:
    """The commit that a deployment wrote into the file COMMIT; '' where nobody did, as in a working copy."""
    try:
        return (folder / "COMMIT").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
