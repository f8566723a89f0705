"""Django's settings. Every value from outside comes through `environment`; README lists the variables."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from corsheaders.defaults import default_headers
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from config import environment
from config.admin_navigation import favicon, navigation
from config.environment import BASE_DIR, env, whole_number
from config.machine_room import EXEMPT_FROM_HTTPS
from config.startup import Misconfigured

DEBUG = env.bool("DEBUG", False)

# Where we are
HOST = env.str("HOST", "127.0.0.1")
PORT = whole_number("PORT", 8000, least=1, most=65535)
PUBLIC_URL = environment.origin(
    "PUBLIC_URL", environment.required("PUBLIC_URL", debug=DEBUG, in_debug=f"http://{HOST}:{PORT}")
)
HTTPS = PUBLIC_URL.startswith("https://")
DATA_DIR = environment.directory("DATA_DIR", BASE_DIR / "var")
ALLOWED_HOSTS = environment.hosts("ALLOWED_HOSTS", debug=DEBUG, in_debug="localhost,127.0.0.1,[::1]")
# Daphne speaks plain HTTP here: where the address is https, one proxy in front ends TLS.
TRUSTED_PROXIES = whole_number("TRUSTED_PROXIES", 1 if HTTPS else 0, least=0)

# Secrets
SECRET_KEY = environment.secret("SECRET_KEY", debug=DEBUG)
JWT_SECRET_KEY = environment.secret("JWT_SECRET_KEY", debug=DEBUG)
if JWT_SECRET_KEY == SECRET_KEY:
    raise Misconfigured("JWT_SECRET_KEY must differ from SECRET_KEY.")
JWT_PREVIOUS_SECRET_KEYS = environment.listed("JWT_PREVIOUS_SECRET_KEYS", "")
for previous in JWT_PREVIOUS_SECRET_KEYS:
    environment.require_strength("JWT_PREVIOUS_SECRET_KEYS", previous)

# Opens /metrics; without one only a superuser's access token does.
METRICS_TOKEN = environment.optional_secret("METRICS_TOKEN")
# What this was built from, for /metrics to say.
REVISION = env.str("REVISION", "unknown")

# The house
CONTRACTS = "config.contracts.CONTRACTS"
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
AUTH_USER_MODEL = "accounts.User"
INSTALLED_APPS = [
    "daphne",
    "unfold.apps.BasicAppConfig",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "huey.contrib.djhuey",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "core.apps.CoreConfig",
    "accounts.apps.AccountsConfig",
    "activity.apps.ActivityConfig",
    "notifications.apps.NotificationsConfig",
    "billing.apps.BillingConfig",
    "icebreakers.apps.IceBreakersConfig",
    "venues.apps.VenuesConfig",
    "workspaces.apps.WorkspacesConfig",
    "offers.apps.OffersConfig",
    "chat.apps.ChatConfig",
    "analytics.apps.AnalyticsConfig",
    "demo.apps.DemoConfig",
]
MIDDLEWARE = [
    "config.machine_room.AnyHostMiddleware",
    "core.surface.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "core.surface.middleware.RefusalMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
APPEND_SLASH = False
CSRF_FAILURE_VIEW = "core.surface.fallback.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# Of any body, files included; the server stores no more.
MAX_BODY_SIZE = 10 * 1024 * 1024

# Data
DATABASES = {"default": environment.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}")}
# Threads that serve requests: as many as find a database connection beside those of sockets.
REQUEST_THREADS = whole_number("REQUEST_THREADS", 10, least=1)
# Threads that do database work for the event loop, beside those that serve requests.
SOCKET_DATABASE_THREADS = whole_number("SOCKET_DATABASE_THREADS", 6, least=1)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        # What refuses deletes is asked of rows that are replaced too only where triggers are recursive.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;",
    }
    # A file, so that threads of one test share it as the server's threads do.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    # A connection that died with a restart of the database is replaced before a request sees it.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 3,
        # For the few statements that are written out: see core/sql.py.
        "prepare_threshold": 5,
        "options": "-c plan_cache_mode=force_generic_plan",
        # Who waits for a connection gives up before a client does. A pool that cannot connect gives up sooner still:
        # each who asks makes it try at once, where by itself it would try ever more seldom while the database is away.
        "pool": {
            "min_size": 2,
            "max_size": whole_number("DATABASE_POOL_SIZE", 16, least=2),
            "timeout": 3,
            "reconnect_timeout": 1,
        },
    }

# What processes share: Redis, or nothing but one process
A_YEAR = 365 * 24 * 3600
REDIS_URL = environment.redis_url("REDIS_URL")
if REDIS_URL:
    CACHES: dict[str, Any] = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    }
    # Redis carries what is published to whoever listens, whatever database they use: so the name has the number in it.
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": f"pub-network-{urlsplit(REDIS_URL).path.strip('/') or 0}-"},
        }
    }
    RATE_LIMIT_STORAGE = REDIS_URL
    # A stopped Redis holds a request up for a moment only; a connection that a restart closed is opened again.
    JOB_CONNECTIONS = ConnectionPool.from_url(
        REDIS_URL,
        socket_connect_timeout=1,
        socket_timeout=2,
        retry=Retry(NoBackoff(), retries=1, supported_errors=(RedisConnectionError,)),
    )
    HUEY: dict[str, Any] = {
        "huey_class": "huey.PriorityRedisHuey",
        "name": "jobs",
        "connection_pool": JOB_CONNECTIONS,
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    # A socket that reads slowly must not silently fall out of its groups.
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            "CONFIG": {"expiry": A_YEAR, "group_expiry": A_YEAR},
        }
    }
    RATE_LIMIT_STORAGE = "memory://"
    HUEY = {
        "huey_class": "huey.SqliteHuey",
        "name": "jobs",
        "filename": str(DATA_DIR / "jobs.sqlite3"),
        "timeout": 30,
    }
HUEY |= {
    "immediate": False,
    "results": False,
    "consumer": {
        "workers": whole_number("JOB_WORKERS", 2, least=1),
        "worker_type": "thread",
        "initial_delay": 0.05,
        "max_delay": 0.5,
        "graceful_signal": "TERM",
        "shutdown_timeout": 10,
    },
}

# Limits
PER_ADDRESS_FACTOR = 100 if DEBUG else 1
RATE_LIMITS = environment.rate_limits(
    "RATE_LIMITS",
    {
        "sign_in_account": "10/minute",
        "sign_in_address": f"{100 * PER_ADDRESS_FACTOR}/minute",
        "registration": f"{30 * PER_ADDRESS_FACTOR}/minute",
        "anonymous": f"{300 * PER_ADDRESS_FACTOR}/minute",
        "signed_in": "1200/minute",
        "one_time_password_minute": "1/minute",
        "one_time_password_hour": "5/hour",
        "workspace_invitation_address": "5/day",
        "workspace_invitation_sender": "100/day",
    },
)
# Of one socket: sustained, and after a pause. One over it is closed.
SOCKET_FRAMES_PER_SECOND = whole_number("SOCKET_FRAMES_PER_SECOND", 60, least=1)
SOCKET_FRAMES_AT_ONCE = whole_number("SOCKET_FRAMES_AT_ONCE", 300, least=1)

# Identity
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = (
    [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 6}}]
    if DEBUG
    else [
        {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
        {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
        {
            "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
            "OPTIONS": {"user_attributes": ("username", "first_name", "last_name", "email")},
        },
    ]
)
SIMPLE_JWT = {"ALGORITHM": "HS256", "SIGNING_KEY": JWT_SECRET_KEY, "ACCESS_TOKEN_LIFETIME": timedelta(hours=1)}
GOOGLE_CLIENT_ID = env.str("GOOGLE_CLIENT_ID", "")
GOOGLE_CLIENT_SECRET = env.str("GOOGLE_CLIENT_SECRET", "")
GOOGLE_DISCOVERY_URL = env.str("GOOGLE_DISCOVERY_URL", "https://accounts.google.com/.well-known/openid-configuration")

# HTTP
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "core.surface.schema.SurfaceSchema",
    "DEFAULT_PAGINATION_CLASS": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
}
CORS_ALLOWED_ORIGINS = [
    environment.origin("CORS_ALLOWED_ORIGINS", address)
    for address in environment.listed(
        "CORS_ALLOWED_ORIGINS", "http://localhost:3000,http://localhost:3001,http://127.0.0.1:3000" if DEBUG else ""
    )
]
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = (*default_headers, "idempotency-key", "x-request-id")
CORS_EXPOSE_HEADERS = ["Link", "Retry-After", "X-Request-ID"]
SECURE_COOKIES = not DEBUG
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = EXEMPT_FROM_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = A_YEAR if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
X_FRAME_OPTIONS = "DENY"

# Mail
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = whole_number("EMAIL_PORT", 587, least=1, most=65535)
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", True)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "notifications.terminal.TerminalBackend"
)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Pub Network <no-reply@localhost>")
# How long one worker may take over one mail before another takes it up: longer than a slow SMTP dialogue.
MAIL_LEASE_SECONDS = whole_number("MAIL_LEASE_SECONDS", 12 * EMAIL_TIMEOUT, least=1)

# Files
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Money
CURRENCY = environment.currency("CURRENCY", "GBP")

# Language and time
LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Logs
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "core.logs.RequestIdFilter"},
        "answers": {"()": "core.logs.AnswerFilter"},
    },
    "formatters": {
        "line": {
            "class": "logging.Formatter" if DEBUG else "core.logs.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s",
        }
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]},
        "none": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": []},
        "django.request": {"level": "ERROR", "filters": ["answers"]},
        "daphne": {"level": "WARNING"},
        # One would tell of every connection lent and given back, the other of every command with what it carries.
        "psycopg": {"level": "WARNING"},
        "redis": {"level": "WARNING"},
        "push_response": {"level": "WARNING"},
        # With a handler of its own, if an idle one, run_huey leaves it alone and its lines go to the root once.
        "huey": {"level": "WARNING", "handlers": ["none"]},
    },
}

# Admin
UNFOLD = {
    "SITE_TITLE": "Pub Network",
    "SITE_HEADER": "Pub Network",
    "SITE_SYMBOL": "sports_bar",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": favicon}],
    "SIDEBAR": {"show_search": True, "navigation": navigation},
}

# Documents
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    # As the contracts' pages have them.
    "SORT_OPERATIONS": False,
    # Choices are written where they are used: naming them apart would need a list of names kept by hand.
    "POSTPROCESSING_HOOKS": [],
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "Bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "The `access` of the answer to a sign-in.",
            },
            "Cookie": {
                "type": "apiKey",
                "in": "cookie",
                "name": "access_token",
                "description": (
                    "Set by Pulseboard's sign-in, and by signing in through Google. Browsers send it along by "
                    "themselves, and let no page read or set it: carry the sign-in out here and you are signed in."
                ),
            },
            "RefreshCookie": {
                "type": "apiKey",
                "in": "cookie",
                "name": "refresh_token",
                "description": "Set with the other. Where it is taken, it serves when the other has run out.",
            },
        }
    },
}
