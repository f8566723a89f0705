"""What processes do every few seconds in case a ring was lost. Without it, whoever is told was rung."""

from collections.abc import Callable
from typing import Any

from accounts import realtime as people
from chat.realtime import hub
from notifications.realtime import inboxes
from workspaces.realtime import feeds

NEVER = 600.0


def turn_off(set_attribute: Callable[[Any, str, float], None]) -> None:
    for module, name in (
        (people, "SWEEP_EVERY"),
        (hub, "SWEEP_EVERY"),
        (inboxes, "LOOK_EVERY"),
        (feeds, "LOOK_EVERY"),
    ):
        set_attribute(module, name, NEVER)
