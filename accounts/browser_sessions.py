"""Who is signed in to the pages that go by Django's own sessions: the admin, and the owners' dashboard."""

from collections.abc import Collection
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session as BrowserSession
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User

_store: Any = import_module(settings.SESSION_ENGINE).SessionStore()


def users_in_browsers(session_keys: Collection[str]) -> dict[str, User]:
    """Whose each of these sessions is; those that have ended, or whose user may not sign in any more, are left out.

    Two queries, however many there are.
    """
    rows = BrowserSession.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    said = {row.session_key: _store.decode(row.session_data) for row in rows}
    users = {
        str(user.pk): user
        for user in User.objects.filter(
            pk__in=[data[SESSION_KEY] for data in said.values() if SESSION_KEY in data], is_active=True
        )
    }
    return {
        key: users[data[SESSION_KEY]] for key, data in said.items() if _is_of(users.get(data.get(SESSION_KEY)), data)
    }


def _is_of(user: User | None, data: dict[str, Any]) -> bool:
    """A session ends with the password it was opened with."""
    return user is not None and constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
