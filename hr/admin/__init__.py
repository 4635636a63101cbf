from hr.admin import employees, org_units, positions  # noqa: F401  (registers them)
