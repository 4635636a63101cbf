from core.models.grant import GroupGrant, UserGrant
from core.models.invitation import Invitation
from core.models.stored_mail import StoredMail
from core.models.user import User

__all__ = ["GroupGrant", "Invitation", "StoredMail", "User", "UserGrant"]
