"""A server's settings, but for a channel layer that loses, delays and doubles what it carries. LOSSY_SEED seeds it."""

import os

from config.settings import *  # noqa: F403
from config.settings import CHANNEL_LAYERS

_config = {**CHANNEL_LAYERS["default"]["CONFIG"], "seed": os.environ["LOSSY_SEED"]}
CHANNEL_LAYERS = {"default": {"BACKEND": "tests.faults.lossy_layer.LossyLayer", "CONFIG": _config}}
