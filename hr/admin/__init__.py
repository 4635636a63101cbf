from hr.admin import employees, imports, notifications, org_units, outbox, positions  # noqa: F401  (registers them)
