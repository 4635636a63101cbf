from core.admin import grants, invitations, mail, roles, thirdparty, users  # noqa: F401  (registers them)
