"""As the Channels tutorial has them: Redis as the channel layer, PostgreSQL, everything else as Django's default."""

import os

import dj_database_url

SECRET_KEY = "a-tutorial"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["daphne", "django.contrib.contenttypes", "django.contrib.auth", "bench.baseline_chat"]
ASGI_APPLICATION = "bench.baseline_chat.asgi.application"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# CONN_MAX_AGE stays Django's 0 unless the bench asks what keeping connections would change.
DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=int(os.environ["CONN_MAX_AGE"]))}
# Without its own timeout: redis-py's of 5 seconds ends sockets that are merely idle.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [{"address": os.environ["REDIS_URL"], "socket_timeout": None}]},
    }
}
