"""A server's settings, but for a channel layer that loses, delays and doubles what it carries."""

from config.settings import *  # noqa: F403
from config.settings import CHANNEL_LAYERS, PORT

_seed = f"1-{PORT}"
_layer = CHANNEL_LAYERS["default"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "tests.faults.lossy_layer.LossyLayer",
        "CONFIG": {**_layer["CONFIG"], "seed": _seed},
    }
}
