"""Breaks a production on loopback in every way it was promised to survive (docs/drill.md). Run it with `make drill`."""
