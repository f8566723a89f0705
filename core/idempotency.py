"""A request with an Idempotency-Key is carried out once; its repetitions get the first answer.

The claim is committed before the work starts, so that a repetition in flight is told at once. The work and its answer
are then committed together: a process that dies leaves a claim that runs out, and nothing half done.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import Conflict
from core.models import IdempotentRequest
from core.seal import keyed_hash, seal, unseal

KEPT_FOR = timedelta(hours=24)
CLAIMED_FOR = timedelta(seconds=60)


class KeyInUse(Conflict):
    code = "idempotency_in_progress"
    message = "A request with this Idempotency-Key is still running."


class KeyReused(Conflict):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used for another request."


class ClaimLost(KeyInUse):
    """The work outlived its claim and another request took it over; this one's work must be rolled back."""

    def __init__(self) -> None:
        super().__init__(retry_after=1)


@dataclass(frozen=True)
class Claim:
    """The right to carry out the request, or the answer it already got."""

    scope: str
    claim: uuid.UUID
    key: str
    answer: str | None = None

    def complete(self, answer: str) -> None:
        """Store the answer in the caller's transaction. Raises ClaimLost."""
        sealed = seal(answer, purpose="idempotency", secret=self.key)
        stored = IdempotentRequest.objects.filter(scope=self.scope, claim=self.claim, answer="").update(answer=sealed)
        if not stored:
            raise ClaimLost

    def release(self) -> None:
        """Let the key be used again, unless an answer is stored under it."""
        IdempotentRequest.objects.filter(scope=self.scope, claim=self.claim, answer="").delete()


def claim(*, caller: str, path: str, key: str, request: str) -> Claim:
    """Claim `key` for `caller` and `path`; `request` is what must be equal for it to be a repetition.

    Raises KeyInUse while the first one runs and KeyReused when the key came with another request.
    """
    scope = keyed_hash("idempotency.scope", f"{caller}\n{path}\n{key}")
    fingerprint = keyed_hash("idempotency.request", request)
    mine = Claim(scope=scope, claim=uuid.uuid4(), key=key)
    if _insert(mine, fingerprint) or _take_over(mine, fingerprint):
        return mine
    stored = IdempotentRequest.objects.filter(scope=scope).first()
    if stored is None:
        raise KeyInUse(retry_after=1)
    if stored.fingerprint != fingerprint:
        raise KeyReused
    if not stored.answer:
        raise KeyInUse(retry_after=1)
    return replace(mine, answer=unseal(stored.answer, purpose="idempotency", secret=key))


def _insert(mine: Claim, fingerprint: str) -> bool:
    now = timezone.now()
    try:
        with transaction.atomic():
            IdempotentRequest.objects.create(
                scope=mine.scope,
                fingerprint=fingerprint,
                claim=mine.claim,
                claimed_until=now + CLAIMED_FOR,
                created_at=now,
            )
    except IntegrityError:
        return False
    return True


def _take_over(mine: Claim, fingerprint: str) -> bool:
    """Take a key over that nobody holds any more: its worker died, or its day has passed."""
    now = timezone.now()
    claims = IdempotentRequest.objects.filter(scope=mine.scope)
    abandoned = claims.filter(answer="", claimed_until__lt=now, fingerprint=fingerprint)
    outdated = claims.filter(created_at__lt=now - KEPT_FOR)
    taken = {
        "fingerprint": fingerprint,
        "claim": mine.claim,
        "claimed_until": now + CLAIMED_FOR,
        "answer": "",
        "created_at": now,
    }
    return bool(abandoned.update(**taken) or outdated.update(**taken))


def purge_answers() -> int:
    """Forget keys whose day has passed. Returns how many."""
    return IdempotentRequest.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()[0]
