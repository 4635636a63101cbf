from hr.admin import (  # noqa: F401  (registers them)
    denied_attempts,
    employees,
    imports,
    notifications,
    org_units,
    outbox,
    positions,
)
