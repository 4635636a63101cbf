"""Contenders as the documentation of a library sets them up: what one would have without anything of our own."""
