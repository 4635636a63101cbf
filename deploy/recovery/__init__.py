"""Backup, restore and rehearsal of both databases. docs/backup.md says what they promise."""
