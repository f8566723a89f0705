"""The settings under test: production's, with secrets of their own, quick hashing and jobs run at once.

Workers running at the same time share nothing: each has its data directory, its Redis database and its channel names.
"""

import atexit
import os
import shutil
import tempfile
from urllib.parse import urlsplit

worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
data_dir = tempfile.mkdtemp(prefix=f"pub-network-test-{worker}-")
atexit.register(shutil.rmtree, data_dir, ignore_errors=True)


def redis_of_this_worker(url: str) -> str:
    """The database after the given one, and so on; 16 is what Redis has unless told otherwise."""
    parts = urlsplit(url)
    number = (int(parts.path.strip("/") or 0) + int(worker.removeprefix("gw"))) % 16
    return parts._replace(path=f"/{number}").geturl()


if os.environ.get("REDIS_URL"):
    os.environ["REDIS_URL"] = redis_of_this_worker(os.environ["REDIS_URL"])
os.environ.update(
    {
        "ENV_FILE": os.devnull,
        "DATA_DIR": data_dir,
        "DEBUG": "false",
        "SECRET_KEY": "test-secret-key-0123456789-abcdefghijklmnop",
        "JWT_SECRET_KEY": "test-jwt-secret-key-0123456789-abcdefghijkl",
        "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
        "PUBLIC_URL": "http://testserver",
        "CORS_ALLOWED_ORIGINS": "http://localhost:3000",
    }
)

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, HUEY, RATE_LIMITS, STORAGES, UNFOLD  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # No test outlives a power cut.
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
HUEY = {**HUEY, "immediate": True}
RATE_LIMITS = dict.fromkeys(RATE_LIMITS, "1000000/minute") | {
    name: RATE_LIMITS[name] for name in ("one_time_password_minute", "one_time_password_hour")
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
# The admin's sidebar takes longer than the rest of a page; it is shown where it is what a test looks at.
UNFOLD = {**UNFOLD, "SIDEBAR": {**UNFOLD["SIDEBAR"], "navigation": []}}
