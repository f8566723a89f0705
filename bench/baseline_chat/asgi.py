import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.baseline_chat.settings")
django_application = get_asgi_application()

from bench.baseline_chat.consumers import ChatConsumer, SavingConsumer  # noqa: E402 - as the tutorial does

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": URLRouter(
            [
                re_path(r"ws/chat/(?P<room_name>\w+)/$", ChatConsumer.as_asgi()),
                re_path(r"ws/saving/(?P<room_name>\w+)/$", SavingConsumer.as_asgi()),
            ]
        ),
    }
)
