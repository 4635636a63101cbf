from hr.admin import employees, notifications, org_units, outbox, positions  # noqa: F401  (registers them)
