"""Who is knocking: users by name or e-mail, and the address they knock from."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.db.models import Q
from django.db.models.functions import Lower
from django.http import HttpRequest

from core.models import User

Address = IPv4Address | IPv6Address
# What stands for a peer without an address: over a unix socket it is a process of this machine.
LOCAL = "127.0.0.1"


def find_user(name: str) -> User | None:
    """The account with this user name, else with this e-mail, in any case; None if there is none."""
    name = name.strip()
    if not name or "\0" in name:
        return None
    # Lower() has an index. SQLite's folds ASCII only, hence the exact name beside it.
    named = User.objects.alias(lower=Lower("username")).filter(Q(username=name) | Q(lower=name.lower()))
    return named.first() or User.objects.filter(email=name.lower()).first()


class LoginBackend(ModelBackend):
    """User name or e-mail with the password. An account that may not act (`settings.MAY_ACT`) is nobody."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if username is None or password is None:
            return None
        user = find_user(username)
        if user is None:
            # The same work as for a known user, so that the time taken tells nobody who has an account.
            User().set_password(password)
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: Any) -> bool:
        return user is not None and user.may_act


def axes_username(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The key failures are counted under: e-mail and user name of one account count as one."""
    given = credentials.get("username") if credentials else request.POST.get("username")
    name = str(given or "").replace("\0", "")
    user = find_user(name)
    return user.username if user else name.strip().lower()[:255]


def client_ip(request: HttpRequest) -> str:
    """The address of the client as our own proxies saw it. What a stranger writes in X-Forwarded-For counts nothing."""
    peer = address_of(request.META.get("REMOTE_ADDR", "")) or ip_address(LOCAL)
    if not _is_trusted(peer):
        return str(peer)
    for hop in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        address = address_of(hop)
        if address is None:
            break
        peer = address
        if not _is_trusted(address):
            break
    return str(peer)


def address_of(text: str) -> Address | None:
    """The address, an IPv4 one as such even where it is written as IPv6; None if the text is none."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted(address: Address) -> bool:
    return any(address in ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES)
