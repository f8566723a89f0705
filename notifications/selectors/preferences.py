from collections.abc import Collection
from dataclasses import dataclass

from accounts.models import User
from notifications.kinds import Kind, known_kinds
from notifications.models import Preference

IN_APP = Preference.Channel.IN_APP
EMAIL = Preference.Channel.EMAIL


@dataclass(frozen=True)
class Preferences:
    """How each of these users wants to be told of each kind: what they said, else what is usual for it."""

    _said: dict[tuple[int, str, str], bool]

    def wants(self, user_id: int, kind: Kind, channel: Preference.Channel) -> bool:
        usual = kind.in_app if channel == IN_APP else kind.email
        return self._said.get((user_id, kind.name, channel), usual)


@dataclass(frozen=True)
class PreferredWays:
    kind: str
    title: str
    in_app: bool
    email: bool


def preferences_among(user_ids: Collection[int], kinds: Collection[str]) -> Preferences:
    rows = Preference.objects.filter(user__in=user_ids, kind__in=kinds)
    return Preferences({(row.user_id, row.kind, row.channel): row.enabled for row in rows})


def preferences_of(user: User) -> list[PreferredWays]:
    """Of every kind there is, by title."""
    kinds = known_kinds()
    preferences = preferences_among([user.pk], [kind.name for kind in kinds])
    return [
        PreferredWays(
            kind=kind.name,
            title=kind.title,
            in_app=preferences.wants(user.pk, kind, IN_APP),
            email=preferences.wants(user.pk, kind, EMAIL),
        )
        for kind in kinds
    ]


def export_preferences(user: User) -> list[dict[str, object]]:
    rows = Preference.objects.filter(user=user)
    return [{"kind": row.kind, "channel": row.channel, "enabled": row.enabled} for row in rows]
