from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Group, PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class UserQuerySet(models.QuerySet):
    def visible_to(self, user: "User") -> "UserQuerySet":
        """All accounts for who holds `core.view_user`, else the user's own while he may act."""
        if user.has_perm("core.view_user"):
            return self
        return self.filter(pk=user.pk) if user.is_authenticated and user.may_act else self.none()

    def holding(self, permission: str) -> "UserQuerySet":
        """Active users to whom a role gives the permission (app.codename)."""
        app_label, codename = permission.split(".")
        rights = {"permissions__content_type__app_label": app_label, "permissions__codename": codename}
        return self.filter(is_active=True, groups__in=Group.objects.filter(**rights)).distinct()


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """A new account; without a password nobody can log in to it until an invitation is accepted."""
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(username, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str) -> "User":
        return self.get(username__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """An account. `employee_uid` names `hr.Employee.uid` in the other database; None for external staff."""

    username = models.CharField(
        _("user name"),
        max_length=150,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        help_text=_("The employee code for employees."),
    )
    email = models.EmailField(_("e-mail"), null=True, blank=True, unique=True)
    full_name = models.CharField(_("full name"), max_length=200)
    language = models.CharField(
        _("language"), max_length=2, choices=[("es", "Español"), ("en", "English")], default="es"
    )
    employee_uid = models.UUIDField(_("employee"), null=True, blank=True, unique=True)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Switch off instead of deleting: an inactive user cannot log in.")
    )
    # Switched off because the employment ended, so that a rehiring switches it on again.
    has_left = models.BooleanField(default=False, editable=False)
    # A session is bound to the number it began with.
    session_era = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email", "full_name"]

    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]
        # The list of users.
        indexes = [models.Index(fields=["full_name", "id"], name="user_by_name")]
        permissions = [("assign_role", "Can assign roles")]
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_username_unique",
                violation_error_message=_("A user with that user name already exists."),
            )
        ]

    def __str__(self) -> str:
        return self.full_name or self.username

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower() if self.email else None

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.lower() if self.email else None
        super().save(*args, **kwargs)

    @cached_property
    def may_act(self) -> bool:
        """Whether this user holds any right now. `settings.MAY_ACT` names who decides: core knows no employees."""
        return self.is_active and import_string(settings.MAY_ACT)(self)

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        return self.may_act and super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        return self.may_act and super().has_module_perms(app_label)

    @property
    def is_staff(self) -> bool:
        """Every active user enters the admin; what it shows is decided row by row."""
        return self.is_active

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        begun_with: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        return f"{begun_with}.{self.session_era}" if self.session_era else begun_with

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name.split(" ")[0] or self.username
