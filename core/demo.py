"""The demo's accounts, one for each role. Their password is no secret: the login page of the demo shows it."""

from core import roles

PASSWORD = "demo"  # noqa: S105
ACCOUNTS = {
    "admin": roles.ADMINISTRATOR,
    "hr": roles.HR_MANAGER,
    "manager": roles.MANAGER,
    "loader": roles.BULK_LOADER,
    "auditor": roles.AUDITOR,
    "employee": roles.EMPLOYEE,
}
