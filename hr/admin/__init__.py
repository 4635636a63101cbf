from hr.admin import (  # noqa: F401  (registers them)
    denied_attempts,
    employees,
    evaluation_forms,
    evaluation_rounds,
    evaluations,
    imports,
    notifications,
    org_units,
    outbox,
    positions,
)
