"""Who is signed in to the pages that go by Django's own sessions: the admin, and the owners' dashboard."""

from collections.abc import Collection
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, login
from django.contrib.sessions.models import Session as BrowserSession
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import events
from accounts.models import User
from core.events import announce

_store: Any = import_module(settings.SESSION_ENGINE).SessionStore()


@transaction.atomic
def open_browser_session(*, request: HttpRequest, user: User, surface: str) -> None:
    """Sign `user`, whose password was checked, in to the browser that asks. Its session is stored with the entry of it.

    The key is a new one, so that nobody who planted the old one is signed in too.
    """
    login(request, user)
    request.session.save()
    announce(events.SignedIn(user_id=user.pk, surface=surface))


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
