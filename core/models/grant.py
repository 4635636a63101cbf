"""Per-object permissions that reach rows of the other database and end by themselves."""

from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from guardian.ctypes import get_content_type
from guardian.managers import GroupObjectPermissionManager, UserObjectPermissionManager
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from core.grantable import label_of


class GrantQuerySet(models.QuerySet):
    def in_force(self, at=None) -> "GrantQuerySet":
        """Grants whose dates include `at` (now): a grant is inert from `valid_until` on, to the second."""
        at = at or timezone.now()
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=at), valid_from__lte=at)

    def visible_to(self, user) -> "GrantQuerySet":
        """All grants for who holds the model's view permission; nobody else lists grants here."""
        opts = self.model._meta
        return self if user.has_perm(f"{opts.app_label}.view_{opts.model_name}") else self.none()


class Grant(models.Model):
    """What user and group grants share. The target may live in any database; the router finds it."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, verbose_name=_("kind"))
    object_pk = models.CharField(_("object id"), max_length=255)
    valid_from = models.DateTimeField(_("from"), default=timezone.now)
    valid_until = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("granted by"),
    )
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("ended by"),
    )

    class Meta:
        abstract = True

    permission: Any  # of guardian's base

    def __str__(self) -> str:
        return f"{self.holder_name}: {label_of(self.permission.codename)}"

    @property
    def holder_name(self) -> str:
        """Who holds it, in the reader's language."""
        raise NotImplementedError

    @property
    def content_object(self):
        """The row this grant is on, or None if it is gone."""
        model = ContentType.objects.get_for_id(self.content_type_id).model_class()
        return model._base_manager.filter(pk=self.object_pk).first()

    @content_object.setter
    def content_object(self, obj) -> None:
        self.content_type, self.object_pk = get_content_type(obj), str(obj.pk)


def _dates_in_order(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(valid_until=None) | Q(valid_until__gt=models.F("valid_from")),
        name=name,
        violation_error_message=_("A grant must end after it begins."),
    )


class UserGrant(Grant, UserObjectPermissionBase):
    objects = UserObjectPermissionManager.from_queryset(GrantQuerySet)()  # type: ignore[misc]

    class Meta:
        verbose_name = _("right on a single record")
        verbose_name_plural = _("rights on single records")
        unique_together = ["user", "permission", "object_pk"]
        indexes = [
            models.Index(fields=["user", "content_type", "permission", "object_pk"], name="usergrant_lookup"),
            models.Index(fields=["content_type", "object_pk"], name="usergrant_target"),
            models.Index(fields=["valid_from", "id"], name="usergrant_by_start"),
        ]
        constraints = [_dates_in_order("usergrant_dates_in_order")]

    @property
    def holder_name(self) -> str:
        return str(self.user)


class GroupGrant(Grant, GroupObjectPermissionBase):
    objects = GroupObjectPermissionManager.from_queryset(GrantQuerySet)()  # type: ignore[misc]

    class Meta:
        verbose_name = _("right of a group")
        verbose_name_plural = _("rights of groups")
        unique_together = ["group", "permission", "object_pk"]
        indexes = [
            models.Index(fields=["group", "content_type", "permission", "object_pk"], name="groupgrant_lookup"),
            models.Index(fields=["content_type", "object_pk"], name="groupgrant_target"),
            models.Index(fields=["valid_from", "id"], name="groupgrant_by_start"),
        ]
        constraints = [_dates_in_order("groupgrant_dates_in_order")]

    @property
    def holder_name(self) -> str:
        from core.roles import role_label

        return gettext("group %(name)s") % {"name": role_label(self.group.name)}


AnyGrant = UserGrant | GroupGrant
