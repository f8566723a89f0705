import base64
import json
import random
import string
from datetime import timedelta

import jwt
import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from accounts import tokens
from accounts.errors import TokenInvalid
from accounts.models import Session
from accounts.tokens import RotatingKeyBackend, read_access_token, read_refresh_token, token_pair

SEED = 20240601
PREVIOUS_KEY = "the-key-before-the-rotation-0123456789"


@pytest.fixture
def session():
    return Session(user_id=7, access_lifetime=timedelta(hours=1), refresh_lifetime=timedelta(days=7))


@pytest.fixture
def pair(session):
    return token_pair(session, "some-refresh-id", timezone.now().replace(microsecond=0))


def claims_in(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_tokens_name_their_session_and_user(session, pair):
    claims = read_access_token(pair.access)

    assert (claims.session_id, claims.user_id) == (session.id, 7)
    assert claims.expires_at - claims.issued_at == 3600
    assert read_refresh_token(pair.refresh).token_id == "some-refresh-id"


def test_the_same_id_and_moment_give_the_same_pair(session):
    moment = timezone.now().replace(microsecond=0)

    assert token_pair(session, "an-id", moment) == token_pair(session, "an-id", moment)


def test_a_refresh_token_is_no_access_token_nor_the_other_way(pair):
    with pytest.raises(TokenInvalid):
        read_access_token(pair.refresh)
    with pytest.raises(TokenInvalid):
        read_refresh_token(pair.access)


def test_an_expired_token_is_refused(pair):
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)), pytest.raises(TokenInvalid):
        read_access_token(pair.access)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("none", ""),
        ("HS384", settings.JWT_SECRET_KEY * 2),
        ("HS512", settings.JWT_SECRET_KEY * 2),
        ("HS256", settings.SECRET_KEY),
        ("HS256", "x" * 64),
    ],
)
def test_other_algorithms_and_keys_are_refused(pair, algorithm, key):
    forged = jwt.encode(claims_in(pair.access), key, algorithm=algorithm)

    with pytest.raises(TokenInvalid):
        read_access_token(forged)


@pytest.mark.parametrize("key_id", ["", "unknown", "0" * 8, "../../etc/passwd", "x" * 10_000])
def test_a_token_naming_an_unknown_key_is_judged_by_the_current_one(pair, key_id):
    payload = claims_in(pair.access)

    genuine = jwt.encode(payload, settings.JWT_SECRET_KEY, headers={"kid": key_id})
    forged = jwt.encode(payload, "x" * 64, headers={"kid": key_id})

    assert read_access_token(genuine).user_id == 7
    with pytest.raises(TokenInvalid):
        read_access_token(forged)


@pytest.mark.parametrize("key_id", [1, None, [], {}, True])
def test_a_key_id_of_another_type_is_refused(pair, key_id):
    _, payload, signature = pair.access.split(".")
    changed = json.dumps({"alg": "HS256", "typ": "JWT", "kid": key_id}).encode()
    forged = ".".join([base64.urlsafe_b64encode(changed).decode().rstrip("="), payload, signature])

    with pytest.raises(TokenInvalid):
        read_access_token(forged)


def test_a_token_of_the_previous_key_verifies_until_the_key_is_dropped(pair, monkeypatch):
    payload = claims_in(pair.access)
    signed_before = RotatingKeyBackend([PREVIOUS_KEY]).encode(payload)
    with pytest.raises(TokenInvalid):
        read_access_token(signed_before)

    rotated = RotatingKeyBackend([settings.JWT_SECRET_KEY, PREVIOUS_KEY])
    monkeypatch.setattr(tokens.SessionAccessToken, "_token_backend", rotated)

    assert read_access_token(signed_before).user_id == 7
    assert read_access_token(pair.access).user_id == 7
    assert jwt.get_unverified_header(rotated.encode(payload)) == jwt.get_unverified_header(pair.access)


@pytest.mark.parametrize(
    "change",
    [
        {"sid": "not-a-uuid"},
        {"sid": 7},
        {"sid": None},
        {"user_id": "x"},
        {"user_id": None},
        {"exp": "soon"},
        {"exp": None},
        {"iat": "x"},
        {"token_type": "refresh"},
        {"token_type": None},
    ],
)
def test_a_signed_token_with_other_claims_than_ours_is_refused(pair, change):
    token = jwt.encode({**claims_in(pair.access), **change}, settings.JWT_SECRET_KEY)

    with pytest.raises(TokenInvalid):
        read_access_token(token)


@pytest.mark.parametrize("claim", ["sid", "user_id", "jti", "exp", "iat", "token_type"])
def test_a_signed_token_without_one_of_our_claims_is_refused(pair, claim):
    payload = claims_in(pair.access)
    del payload[claim]

    with pytest.raises(TokenInvalid):
        read_access_token(jwt.encode(payload, settings.JWT_SECRET_KEY))


@pytest.mark.parametrize("text", ["", ".", "..", "...", "a.b.c", "é.é.é", "\x00", " ", "Bearer", "=" * 100])
def test_what_is_no_token_is_refused(text):
    with pytest.raises(TokenInvalid):
        read_access_token(text)


def test_no_mutation_of_a_token_is_accepted(pair):
    """Every change of one character, and a few hundred others: cut, doubled, swapped, inserted."""
    chance = random.Random(SEED)

    accepted = [token for token in mutations(pair.access, chance) if token != pair.access and is_accepted(token)]

    assert accepted == []


def is_accepted(token):
    try:
        read_access_token(token)
    except TokenInvalid:
        return False
    return True


def mutations(token, chance):
    alphabet = string.ascii_letters + string.digits + "-_"
    for place in range(len(token)):
        yield token[:place] + chance.choice(alphabet.replace(token[place], "")) + token[place + 1 :]
        yield token[:place] + token[place + 1 :]
    yield from (token[:-1] + last for last in alphabet)
    for _ in range(300):
        place, other = sorted(chance.sample(range(len(token)), 2))
        inserted = chance.choice(alphabet + "=+/. \n\x00é!")
        yield token[:place] + inserted + token[place:]
        yield token[:place] + token[other:]
        yield token[:place] + token[other] + token[place + 1 : other] + token[place] + token[other + 1 :]
    yield from (token + tail for tail in ("=", "==", ".", " ", "\n", "A", "\x00"))
    yield from (head + token for head in (" ", ".", "Bearer "))
