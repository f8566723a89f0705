"""The one application of this project. `daphne config.asgi:application` serves everything."""

import gc
import os
from importlib import import_module

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings

from config.http import OneHopHandler
from config.startup import OnlyServer, explained
from core.surface.charset import WithoutCharset

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

with explained():
    django.setup(set_prefix=False)
    http_application = WithoutCharset(OneHopHandler())
    only_server = OnlyServer(settings.DATA_DIR)
    if not settings.REDIS_URL:
        only_server.claim()

# Only now can the contracts be imported: their views and consumers need the apps to be ready.
sockets = import_module("config.sockets")

application = ProtocolTypeRouter({"http": http_application, "websocket": URLRouter(sockets.urlpatterns)})

# What is loaded by now stays to the end. It is not looked through for garbage again, which held everything up for a
# tenth of a second each time.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
