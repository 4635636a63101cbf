"""Everything here comes from the environment (or `.env`) under the names of `.env.example`; docs/settings.md
explains them. Values nobody deploys differently are plain constants."""

import logging
import re
import tomllib
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.utils.translation import gettext_lazy as _

from backoffice import checks, databases, logs, mail
from backoffice.env import PRIVATE_NETWORKS, Environment
from backoffice.version import commit_in

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment.load(BASE_DIR)

# --- The application ---------------------------------------------------------------------------------------------
APP_NAME = env.text("APP_NAME", "EvalTrack")
APP_ENV = env.choice("APP_ENV", ["demo", "local", "testing", "qa", "staging", "production"], "local")
# An image is told which commit it was built of (deploy/pipeline/version.sh).
APP_VERSION = env.text(
    "APP_VERSION", tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
)
# What it was built from.
APP_COMMIT = env.text("APP_COMMIT", commit_in(BASE_DIR))
APP_DATA_DIR = Path(env.text("APP_DATA_DIR", "data"))
APP_DATA_DIR = APP_DATA_DIR if APP_DATA_DIR.is_absolute() else BASE_DIR / APP_DATA_DIR
# Which of the two deployments this is, where one takes over from the other.
APP_COLOUR = env.choice("APP_COLOUR", ["blue", "green"], "")
APP_URL = env.text("APP_URL", f"http://localhost:{env.port('PORT', 8000)}").rstrip("/")
PROTECTED = APP_ENV in {"qa", "staging", "production"}

APP_KEY = env.secret("APP_KEY")
# Without a key only demo, local and testing start, and nothing there is worth forging.
SECRET_KEY = APP_KEY or "insecure-" + "x" * checks.SHORTEST_KEY
DEBUG = env.flag("APP_DEBUG")

APP_HOST = urlsplit(APP_URL).hostname or "localhost"
ALLOWED_HOSTS = [APP_HOST] if PROTECTED else ["*"]
CSRF_TRUSTED_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(APP_URL))]
# The proxies whose X-Forwarded-For and X-Forwarded-Proto are believed (deploy/gunicorn.conf.py and core.auth).
TRUSTED_PROXIES = env.items("TRUSTED_PROXIES", ["127.0.0.1", "::1"])

# --- Who watches it (backoffice/probes.py) -----------------------------------------------------------------------
MONITORING_TOKEN = env.secret("MONITORING_TOKEN")
MONITORING_NETWORKS = env.networks("MONITORING_NETWORKS", PRIVATE_NETWORKS)
SENTRY_DSN = env.secret("SENTRY_DSN")
if SENTRY_DSN and not re.fullmatch(r"https?://[^/@]+@[^/]+/(.+/)?\d+", SENTRY_DSN):
    env.faults.append("SENTRY_DSN is no https://key@host/number.")
# Under the names that OpenTelemetry gave them.
OTLP_ENDPOINT = env.text("OTEL_EXPORTER_OTLP_ENDPOINT")
OTLP_HEADERS = env.pairs("OTEL_EXPORTER_OTLP_HEADERS")
OTLP_SERVICE_NAME = env.text("OTEL_SERVICE_NAME", "evaltrack")
if OTLP_ENDPOINT and urlsplit(OTLP_ENDPOINT).scheme not in {"http", "https"}:
    env.faults.append("OTEL_EXPORTER_OTLP_ENDPOINT does not begin with http:// or https://.")

# --- Databases, cache, sessions, tasks ---------------------------------------------------------------------------
DB_CONNECTION = env.choice("DB_CONNECTION", ["pgsql", "sqlite"], "" if PROTECTED else "sqlite")
DATABASES = databases.servers(env) if DB_CONNECTION == "pgsql" else databases.sqlite(APP_DATA_DIR)
DATABASE_ROUTERS = ["backoffice.routers.TwoDatabases"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_HOST = env.text("REDIS_HOST")
CACHES = {"default": databases.cache(env, REDIS_HOST)}
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_IDLE_SECONDS = 30 * 60
SESSION_ABSOLUTE_SECONDS = 12 * 60 * 60
# The session row and its cookie outlive the session: a form left open overnight still finds its user's name, so that
# only he gets it back (core.middleware ends the session itself).
SESSION_COOKIE_AGE = 3 * SESSION_ABSOLUTE_SECONDS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = urlsplit(APP_URL).scheme == "https"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# --- Apps and requests -------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "unfold.contrib.simple_history",
    "unfold.contrib.import_export",
    "backoffice.apps.BackofficeConfig",
    "core.apps.CoreConfig",
    "hr.apps.HrConfig",
    "backoffice.apps.BackofficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "guardian",
    "simple_history",
    "import_export",
    "backoffice.apps.LoginsConfig",
    "csp",
    "anymail",
    "django_tasks",
    "backoffice.apps.TaskQueueConfig",
]
MIDDLEWARE = [
    "backoffice.probes.ProbeMiddleware",
    "core.middleware.RequestIdMiddleware",
    "backoffice.metrics.RequestMetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.CompressedPagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.middleware.SessionTimeoutMiddleware",
    "core.middleware.UserLanguageMiddleware",
    "core.middleware.RequestContextMiddleware",
    "backoffice.request_log.RequestLogMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "axes.middleware.AxesMiddleware",
]
if OTLP_ENDPOINT:
    MIDDLEWARE.insert(
        MIDDLEWARE.index("backoffice.metrics.RequestMetricsMiddleware"), "backoffice.tracing.TracingMiddleware"
    )
ROOT_URLCONF = "backoffice.urls"
WSGI_APPLICATION = "backoffice.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "backoffice" / "templates"],  # ours before Unfold's
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- Who is who --------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "core.User"
# Who holds rights at all: core asks, and only hr knows that an employee was dismissed.
MAY_ACT = "hr.scope.may_act"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "core.auth.LoginBackend",
    "core.access.GrantBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 72 * 60 * 60
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

GUARDIAN_USER_OBJ_PERMS_MODEL = "core.UserGrant"
GUARDIAN_GROUP_OBJ_PERMS_MODEL = "core.GroupGrant"
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
ANONYMOUS_USER_NAME = None

AXES_VERBOSE = False
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
# Name and address together: one of them alone lets a stranger lock out a colleague, or a whole office.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "core.auth.axes_username"
AXES_CLIENT_IP_CALLABLE = "core.auth.client_ip"
AXES_LOCKOUT_CALLABLE = "core.views.login.locked_out"

# --- Security headers --------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # Unfold's Alpine evaluates expressions; inline scripts stay forbidden.
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if PROTECTED else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # subdomains and
    "security.W021",  # preload lists are the domain owner's decision
    "guardian.W001",  # core.access.GrantBackend stands in for guardian's own, which ignores expiry
    "security.W008",  # nginx redirects to https; behind it the application would redirect for ever
]

# --- Language and time -------------------------------------------------------------------------------------------
LANGUAGE_CODE = "es"
LANGUAGES = [("es", _("Spanish")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = env.text("APP_TIMEZONE", "America/Caracas")
if TIME_ZONE not in available_timezones():
    env.faults.append(f"APP_TIMEZONE={TIME_ZONE} is not a time zone.")
    TIME_ZONE = "UTC"

# --- Files, mail, logs -------------------------------------------------------------------------------------------
STATIC_URL = "static/"
# Elsewhere files are served from where they are, without the collectstatic that a deployment runs.
STATIC_ROOT = BASE_DIR / "staticfiles" if PROTECTED else None
WHITENOISE_USE_FINDERS = not PROTECTED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "private": {"BACKEND": "hr.storage.StoredFileStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PROTECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = APP_DATA_DIR / "media"

mailing = mail.mail_settings(env, environment=APP_ENV, app_name=APP_NAME, host=APP_HOST, data_dir=APP_DATA_DIR)
ANYMAIL = mailing.pop("ANYMAIL")
globals().update(mailing)  # EMAIL_* and DEFAULT_FROM_EMAIL
LOGGING = logs.logging_settings(env, data_dir=APP_DATA_DIR, protected=PROTECTED)
logs.configure_structlog()
# The defaults: looking for a setting that is not there takes a fifth of a millisecond, at each request.
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"
DJANGO_STRUCTLOG_STATUS_DEFAULT_LOG_LEVEL = DJANGO_STRUCTLOG_STATUS_2XX_LOG_LEVEL = logging.INFO
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.WARNING

# --- Spreadsheets and history ------------------------------------------------------------------------------------
IMPORT_EXPORT_SKIP_ADMIN_LOG = True
# Without these any user of the admin could import and export.
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "import"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"
SIMPLE_HISTORY_DATE_INDEX = "Composite"
# The code of an employee who comes without one: each # is a digit.
EMPLOYEE_CODE_PATTERN = env.text("EMPLOYEE_CODE_PATTERN", "EMP-#####").strip().upper()
if not re.fullmatch(r"[^#]*#{1,12}[^#]*", EMPLOYEE_CODE_PATTERN) or len(EMPLOYEE_CODE_PATTERN) > 32:
    env.faults.append(f"EMPLOYEE_CODE_PATTERN={EMPLOYEE_CODE_PATTERN} needs one run of # for the number.")
    EMPLOYEE_CODE_PATTERN = "EMP-#####"

# Loads that write more rows, end more employments, or give more people another boss or unit, wait until a second person
# has approved them. None: no limit.
LOAD_APPROVAL_ROWS = env.limit("LOAD_APPROVAL_ROWS")
LOAD_APPROVAL_TERMINATIONS = env.limit("LOAD_APPROVAL_TERMINATIONS")
LOAD_APPROVAL_MOVES = env.limit("LOAD_APPROVAL_MOVES")

# --- Check-in ----------------------------------------------------------------------------------------------------
# It opens so many minutes before an event or session begins; who comes so many after is late.
CHECK_IN_OPENS_MINUTES = env.number("CHECK_IN_OPENS_MINUTES", 30)
CHECK_IN_LATE_MINUTES = env.number("CHECK_IN_LATE_MINUTES", 15)

# --- What keeps it from starting (BackofficeConfig.ready refuses) ------------------------------------------------
if not env.text("APP_ENV") and DB_CONNECTION == "pgsql":
    env.faults.append("APP_ENV is missing.")
env.faults += checks.key_faults(APP_KEY, required=PROTECTED)
if PROTECTED:
    env.faults += checks.protected_faults(env, debug=DEBUG, url=APP_URL, connection=DB_CONNECTION)
FAULTS = list(dict.fromkeys(env.faults))

from backoffice.navigation import UNFOLD  # noqa: E402, F401  (reads nothing but the names above, lazily)
