"""Rows of every model that has pages in the admin, made as plainly as can be: as many as asked for, each its own."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils import timezone

from accounts.models import (
    Block,
    CustomerProfile,
    ExternalIdentity,
    Invitation,
    OneTimePassword,
    Report,
    Session,
    User,
    UserType,
)
from activity.models import ActivityEntry, FeedEntry
from analytics.models import DailyRollup, Metric, MonthlyRollup, Scope
from billing.models import (
    Coupon,
    CouponRedemption,
    Membership,
    Payment,
    Plan,
    Refund,
    Subscriber,
    Subscription,
    Tier,
)
from chat.models import Change, Conversation, Evidence, Message, Mute, Participant, Reaction, SocketLease
from core.models import IdempotentRequest, Job, JobRun, RateWindow
from icebreakers.models import IceBreaker
from notifications.models import InboxLease, Notification, OutboxMail, Preference
from offers.models import Offer, Redemption
from venues.models import Certainty, OpeningHours, Presence, Scan, VarId, Venue, Visit
from workspaces.models import Channel, ChannelMember, LastSeen, Member, PresenceLease, Role, Workspace
from workspaces.models import Invitation as WorkspaceInvitation

AN_HOUR = timedelta(hours=1)


def user(number: int, user_type: str = UserType.CUSTOMER) -> User:
    made, is_new = User.objects.get_or_create(
        username=f"{user_type}-{number}",
        defaults={"email": f"{user_type}-{number}@example.com", "user_type_id": user_type},
    )
    if is_new and made.is_customer:
        CustomerProfile.objects.create(user=made, name=f"Person {number}")
    return made


def venue(number: int) -> Venue:
    owner = user(number, UserType.VENUE_OWNER)
    made, _ = Venue.objects.get_or_create(name=f"Venue {number}", defaults={"owner": owner})
    return made


def var_id(number: int) -> VarId:
    value = {"venue": venue(number), "valid_from": timezone.now(), "is_named": True}
    made, _ = VarId.objects.get_or_create(value=f"v{number}", defaults=value)
    return made


def offer(number: int) -> Offer:
    now = timezone.now()
    fields = {"venue": venue(number), "starts_at": now - AN_HOUR, "expires_at": now + AN_HOUR, "total_quota": 5}
    made, _ = Offer.objects.get_or_create(title=f"Offer {number}", defaults=fields)
    return made


def workspace(number: int) -> Workspace:
    made, is_new = Workspace.objects.get_or_create(name=f"Workspace {number}", defaults={"created_by": user(number)})
    if is_new:
        Member.objects.create(workspace=made, user=user(number), role=Role.OWNER)
    return made


def channel(number: int) -> Channel:
    made, _ = Channel.objects.get_or_create(
        workspace=workspace(number), name="leads", defaults={"created_by": user(number), "is_private": True}
    )
    return made


def group(number: int) -> Conversation:
    fields = {"kind": Conversation.Kind.GROUP, "updated_at": timezone.now()}
    made, _ = Conversation.objects.get_or_create(venue=venue(number), defaults=fields)
    return made


def private_chat(number: int) -> Conversation:
    pair = [user(number), user(number + 100)]
    made = Conversation.objects.create(
        kind=Conversation.Kind.PRIVATE, pair=f"{pair[0].pk}-{pair[1].pk}", updated_at=timezone.now()
    )
    Participant.objects.bulk_create([Participant(conversation=made, user=one) for one in pair])
    return made


def message(number: int) -> Message:
    fields = {"sender": user(number), "body": f"Said {number}", "created_at": timezone.now()}
    made, _ = Message.objects.get_or_create(conversation=group(number), seq=1, defaults=fields)
    return made


def report(number: int) -> Report:
    made = Report.objects.create(reporter=user(number), reported=user(number + 100), reason="Rude.")
    said = message(number)
    Evidence.objects.create(report=made, message=said, sender=said.sender, body=said.body, sent_at=timezone.now())
    return made


def session(number: int) -> Session:
    now = timezone.now()
    return Session.objects.create(
        user=user(number),
        surface="pub",
        last_seen_at=now,
        expires_at=now + AN_HOUR,
        access_lifetime=AN_HOUR,
        refresh_lifetime=AN_HOUR,
        refresh_hash=f"{number:064}",
        refreshed_at=now,
    )


def one_time_password(number: int) -> OneTimePassword:
    return OneTimePassword.objects.create(
        surface="pub", email=f"{number}@example.com", expires_at=timezone.now(), user=user(number), code_hash="c0de"
    )


def job(number: int) -> Job:
    made, _ = Job.objects.get_or_create(name=f"core.job_{number}", defaults={"runs": number})
    return made


def redemption(number: int) -> Redemption:
    what = offer(number)
    return Redemption.objects.create(
        offer=what,
        venue=what.venue,
        customer=user(number),
        ordinal=1,
        code=f"CODE{number}",
        certainty=Certainty.QR,
        redeemed_at=timezone.now(),
    )


def plan(number: int) -> Plan:
    fields = {"slug": f"plan-{number}", "price": 29, "currency": "GBP", "period": Plan.Period.MONTH}
    made, _ = Plan.objects.get_or_create(name=f"Plan {number}", defaults=fields)
    return made


def subscriber(number: int) -> Subscriber:
    made, _ = Subscriber.objects.get_or_create(name=f"Subscriber {number}")
    return made


def subscription(number: int) -> Subscription:
    now = timezone.now()
    period = {"starts_at": now - AN_HOUR, "current_period_ends_at": now + AN_HOUR, "status": Subscription.Status.ACTIVE}
    made, _ = Subscription.objects.get_or_create(
        subscriber=subscriber(number), defaults={"plan": plan(number), **period}
    )
    return made


def payment(number: int) -> Payment:
    price = {"amount": 29, "currency": "GBP", "paid_at": timezone.now()}
    return Payment.objects.create(subscription=subscription(number), plan=plan(number), **price)


def coupon(number: int) -> Coupon:
    fields = {"percent": 10, "valid_from": timezone.now() - AN_HOUR, "total_limit": 5}
    made, _ = Coupon.objects.get_or_create(code=f"COUPON{number}", defaults=fields)
    return made


def mail(number: int) -> OutboxMail:
    fields = {"recipient": f"{number}@example.com", "subject": f"Mail {number}", "sealed_text": "sealed-body"}
    return OutboxMail.objects.create(due_at=timezone.now(), user=user(number), **fields)


def _kernel(number: int) -> dict[str, Any]:
    return {"scope": f"{number:064}", "fingerprint": "f" * 64, "claim": uuid.uuid4(), "answer": "sealed-answer"}


def _log_entry(number: int) -> LogEntry:
    about = user(number)
    kind = ContentType.objects.get_for_model(User)
    return LogEntry.objects.create(
        user=about, content_type=kind, object_id=about.pk, object_repr=str(about), action_flag=CHANGE
    )


def _at(number: int) -> dict[str, Any]:
    return {"user": user(number), "venue": venue(number), "certainty": Certainty.QR}


MAKERS: dict[type[Model], Callable[[int], Model]] = {
    User: user,
    UserType: lambda number: UserType.objects.create(id=100 + number, slug=f"type-{number}", name="Type"),
    CustomerProfile: lambda number: user(number).customer_profile,
    Session: session,
    OneTimePassword: one_time_password,
    Invitation: lambda number: Invitation.objects.create(
        hash=f"{number:064}", user=user(number), created_at=timezone.now(), expires_at=timezone.now() + AN_HOUR
    ),
    ExternalIdentity: lambda number: ExternalIdentity.objects.create(
        user=user(number), issuer="i", subject=str(number)
    ),
    Block: lambda number: Block.objects.create(blocker=user(number), blocked=user(number + 100)),
    Report: report,
    ActivityEntry: lambda number: ActivityEntry.objects.create(
        actor=user(number), type="signed_in", summary="Signed in", target_type="user", target_id=str(number)
    ),
    FeedEntry: lambda number: FeedEntry.objects.create(
        feed=f"workspace-{number}", actor=user(number), type="message_sent", ref_id=number, summary="sent a message"
    ),
    Membership: lambda number: Membership.objects.create(user=user(number), tier=Tier.PLUS),
    Plan: plan,
    Subscriber: subscriber,
    Subscription: subscription,
    Payment: payment,
    Refund: lambda number: Refund.objects.create(payment=payment(number), amount=1, refunded_at=timezone.now()),
    Coupon: coupon,
    CouponRedemption: lambda number: CouponRedemption.objects.create(
        coupon=coupon(number),
        subscriber=subscriber(number),
        subscription=subscription(number),
        ordinal=1,
        discount=1,
        currency="GBP",
        redeemed_at=timezone.now(),
    ),
    IceBreaker: lambda number: IceBreaker.objects.create(text=f"Text {number}", level=1),
    OutboxMail: mail,
    Notification: lambda number: Notification.objects.create(
        recipient=user(number),
        actor=user(number + 100),
        kind="mention",
        message="mentioned you",
        dedupe_key="mention:1",
        created_at=timezone.now(),
    ),
    Preference: lambda number: Preference.objects.create(
        user=user(number), kind="mention", channel="email", enabled=False
    ),
    InboxLease: lambda number: InboxLease.objects.create(
        user=user(number), node=uuid.uuid4(), expires_at=timezone.now()
    ),
    Venue: venue,
    OpeningHours: lambda number: OpeningHours.objects.create(venue=venue(number), day=0, opens="11:00", closes="23:00"),
    VarId: var_id,
    Scan: lambda number: Scan.objects.create(**_at(number), var_id=var_id(number), scanned_at=timezone.now()),
    Presence: lambda number: Presence.objects.create(
        **_at(number), since=timezone.now(), until=timezone.now() + AN_HOUR
    ),
    Visit: lambda number: Visit.objects.create(**_at(number), started_at=timezone.now()),
    Workspace: workspace,
    Member: lambda number: workspace(number).members.get(),
    WorkspaceInvitation: lambda number: WorkspaceInvitation.objects.create(
        workspace=workspace(number),
        email=f"new-{number}@example.com",
        invited_by=user(number),
        expires_at=timezone.now() + AN_HOUR,
    ),
    Channel: channel,
    ChannelMember: lambda number: ChannelMember.objects.create(channel=channel(number), user=user(number)),
    PresenceLease: lambda number: PresenceLease.objects.create(
        user=user(number), node=uuid.uuid4(), status=PresenceLease.Status.ONLINE, expires_at=timezone.now()
    ),
    LastSeen: lambda number: LastSeen.objects.create(user=user(number), at=timezone.now()),
    Offer: offer,
    Redemption: redemption,
    Conversation: private_chat,
    Participant: lambda number: Participant.objects.create(conversation=group(number), user=user(number)),
    Message: message,
    Change: lambda number: Change.objects.create(
        conversation=group(number),
        seq=2,
        kind=Change.Kind.DELETED,
        message=message(number),
        actor=user(number),
        created_at=timezone.now(),
    ),
    Reaction: lambda number: Reaction.objects.create(message=message(number), user=user(number), emoji="👍"),
    Mute: lambda number: Mute.objects.create(
        conversation=group(number), user=user(number), until=timezone.now() + AN_HOUR, by=user(number + 100)
    ),
    Evidence: lambda number: report(number).evidence,
    SocketLease: lambda number: SocketLease.objects.create(
        conversation=group(number), user=user(number), node=uuid.uuid4(), expires_at=timezone.now()
    ),
    Job: lambda number: job(number),
    JobRun: lambda number: JobRun.objects.create(job=job(number), ended_at=timezone.now(), seconds=0.5),
    RateWindow: lambda number: RateWindow.objects.create(key=f"{number:064}", started_at=timezone.now(), count=1),
    IdempotentRequest: lambda number: IdempotentRequest.objects.create(
        **_kernel(number), claimed_until=timezone.now(), created_at=timezone.now()
    ),
    LogEntry: _log_entry,
    DailyRollup: lambda number: DailyRollup.objects.create(
        day=timezone.now().date() - timedelta(days=number),
        metric=Metric.SCANS,
        scope=Scope.PLATFORM,
        value=number,
        counted_at=timezone.now(),
    ),
    MonthlyRollup: lambda number: MonthlyRollup.objects.create(
        month=timezone.now().date().replace(day=1), metric=Metric.SCANS, scope=Scope.VENUE, scope_id=number, value=1
    ),
}
