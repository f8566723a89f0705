"""The same endpoints in FastAPI with asyncpg, on the same tables, tokens and rules: their cost without Django.

It has no rate limits, request ids, access log or idempotency keys, and neither notes when a session was seen
nor tells sockets of what is said.
"""

import os
import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field, Json

JWT_KEY = os.environ["JWT_SECRET_KEY"]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=2, max_size=16) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


async def connection(request: Request) -> AsyncIterator[asyncpg.Connection]:
    async with request.app.state.pool.acquire() as acquired:
        yield acquired


Database = Annotated[asyncpg.Connection, Depends(connection)]

LIVE_SESSION = """
SELECT u.id, u.username, u.is_active, s.revoked_at, s.expires_at
FROM accounts_session s JOIN accounts_user u ON u.id = s.user_id WHERE s.id = $1
"""


async def signed_in(
    database: Database, bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
) -> asyncpg.Record:
    try:
        claims = jwt.decode(bearer.credentials, JWT_KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401) from None
    session = await database.fetchrow(LIVE_SESSION, uuid.UUID(claims["sid"]))
    if session is None or not session["is_active"] or session["revoked_at"] is not None:
        raise HTTPException(401)
    if session["expires_at"] <= datetime.now(UTC):
        raise HTTPException(401)
    return session


User = Annotated[asyncpg.Record, Depends(signed_in)]
Limit = Annotated[int, Query(ge=1, le=200)]


class OfferOut(BaseModel):
    id: uuid.UUID
    venue: int
    title: str
    description: str
    terms: str
    starts_at: datetime
    expires_at: datetime
    total_quota: int | None
    per_customer_limit: int
    eligible_memberships: Json[list[str]]
    presence_required: str


OFFERS = """
SELECT o.id, o.venue_id AS venue, o.title, o.description, o.terms, o.starts_at, o.expires_at, o.total_quota,
    o.per_customer_limit, o.eligible_memberships, o.presence_required
FROM offers_offer o JOIN venues_venue v ON v.id = o.venue_id
WHERE o.venue_id = $1 AND o.withdrawn_at IS NULL AND v.status = 'active'
ORDER BY o.created_at DESC, o.id LIMIT $2
"""


@app.get("/offers/")
async def offers(user: User, database: Database, venue: int, limit: Limit = 50) -> list[OfferOut]:
    return [OfferOut.model_validate(dict(row)) for row in await database.fetch(OFFERS, venue, limit)]


class ReactionOut(BaseModel):
    emoji: str
    count: int
    mine: bool


class MessageOut(BaseModel):
    id: int
    seq: int
    sender: str
    sender_id: int
    message: str
    timestamp: datetime
    reactions: list[ReactionOut] = []


TAKES_PART = "SELECT 1 FROM chat_participant WHERE conversation_id = $1 AND user_id = $2"
MESSAGES = """
SELECT m.id, m.seq, u.username AS sender, m.sender_id, m.body AS message, m.created_at AS timestamp
FROM chat_message m JOIN accounts_user u ON u.id = m.sender_id
WHERE m.conversation_id = $1 ORDER BY m.seq DESC LIMIT $2
"""
REACTIONS = """
SELECT message_id, emoji, count(*) AS count, bool_or(user_id = $2) AS mine
FROM chat_reaction WHERE message_id = ANY($1) GROUP BY message_id, emoji ORDER BY message_id, max(id)
"""


@app.get("/private/{chat_id}/history/", response_model_exclude_defaults=True)
async def history(user: User, database: Database, chat_id: int, limit: Limit = 50) -> list[MessageOut]:
    if await database.fetchval(TAKES_PART, chat_id, user["id"]) is None:
        raise HTTPException(404)
    rows = await database.fetch(MESSAGES, chat_id, limit)
    found: dict[int, list[dict[str, Any]]] = {}
    for reaction in await database.fetch(REACTIONS, [row["id"] for row in rows], user["id"]):
        found.setdefault(reaction["message_id"], []).append(dict(reaction))
    return [MessageOut.model_validate({**row, "reactions": found.get(row["id"], [])}) for row in reversed(rows)]


class MessageIn(BaseModel):
    channel_id: int
    body: Annotated[str, Field(min_length=1, max_length=4000)]


class PostedOut(BaseModel):
    status: str = "success"
    message_id: int
    seq: int


OPEN_CHANNEL = """
SELECT c.workspace_id, c.name FROM workspaces_channel c JOIN workspaces_member m ON m.workspace_id = c.workspace_id
WHERE c.id = $1 AND m.user_id = $2 AND NOT c.is_private AND c.deleted_at IS NULL
"""
NEXT_SEQ = """
UPDATE chat_conversation SET last_seq = last_seq + 1, updated_at = $2 WHERE channel_id = $1 RETURNING id, last_seq
"""
SAY = """
INSERT INTO chat_message (conversation_id, seq, sender_id, body, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING id
"""
SHOW = """
INSERT INTO activity_feedentry (feed, audience, at, actor_id, type, ref_id, summary)
VALUES ($1, '', $2, $3, 'message_sent', $4, $5)
"""


@app.post("/api/messages/", status_code=201)
async def say(user: User, database: Database, said: MessageIn) -> PostedOut:
    async with database.transaction():
        channel = await database.fetchrow(OPEN_CHANNEL, said.channel_id, user["id"])
        if channel is None:
            raise HTTPException(404)
        now = datetime.now(UTC)
        conversation = await database.fetchrow(NEXT_SEQ, said.channel_id, now)
        seq = conversation["last_seq"]
        message_id = await database.fetchval(SAY, conversation["id"], seq, user["id"], said.body, now)
        summary = f"sent a message in #{channel['name']}"
        await database.execute(SHOW, f"workspace-{channel['workspace_id']}", now, user["id"], message_id, summary)
    return PostedOut(message_id=message_id, seq=seq)


class RedeemIn(BaseModel):
    offer_id: uuid.UUID


class RedemptionOut(BaseModel):
    id: uuid.UUID
    code: str
    offer: uuid.UUID
    venue: int
    redeemed_at: datetime


class RedeemedOut(BaseModel):
    message: str
    redemption: RedemptionOut


LOCK_OFFER = """
SELECT o.* FROM offers_offer o JOIN venues_venue v ON v.id = o.venue_id
WHERE o.id = $1 AND o.withdrawn_at IS NULL AND v.status = 'active' FOR UPDATE OF o
"""
PRESENCE = "SELECT venue_id, certainty FROM venues_presence WHERE user_id = $1 AND until > now()"
REDEEMED = "SELECT count(*) FROM offers_redemption WHERE offer_id = $1 AND customer_id = $2"
COUNT_UP = "UPDATE offers_offer SET redeemed_count = redeemed_count + 1 WHERE id = $1"
STORE = """
INSERT INTO offers_redemption (id, offer_id, venue_id, customer_id, ordinal, code, certainty, redeemed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


@app.post("/venues/redeem-offer/")
async def redeem(user: User, database: Database, asked: RedeemIn) -> RedeemedOut:
    async with database.transaction():
        offer = await database.fetchrow(LOCK_OFFER, asked.offer_id)
        if offer is None:
            raise HTTPException(404)
        now = datetime.now(UTC)
        if not offer["starts_at"] <= now < offer["expires_at"]:
            raise HTTPException(400)
        presence = await database.fetchrow(PRESENCE, user["id"])
        if presence is None or presence["venue_id"] != offer["venue_id"]:
            raise HTTPException(403)
        redeemed = await database.fetchval(REDEEMED, asked.offer_id, user["id"])
        if redeemed >= offer["per_customer_limit"] or offer["redeemed_count"] >= (offer["total_quota"] or 2**31):
            raise HTTPException(409)
        await database.execute(COUNT_UP, asked.offer_id)
        redemption = RedemptionOut(
            id=uuid.uuid4(),
            code=secrets.token_hex(4).upper(),
            offer=asked.offer_id,
            venue=offer["venue_id"],
            redeemed_at=now,
        )
        values = (user["id"], redeemed + 1, redemption.code, presence["certainty"], now)
        await database.execute(STORE, redemption.id, asked.offer_id, redemption.venue, *values)
    return RedeemedOut(message="Offer redeemed successfully.", redemption=redemption)
