"""Mutants that no test can notice, by name, each with what makes it harmless."""

EQUIVALENT: dict[str, str] = {}
