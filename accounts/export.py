"""What accounts itself holds on a person, for their export. Secrets, even hashed, are not theirs to have."""

from django.db.models import Model

from accounts.models import CustomerProfile, ExternalIdentity, Session, User

Row = dict[str, object]


def held_on_account(user: User) -> Row:
    return {
        "id": user.pk,
        "uuid": user.uuid,
        "username": user.username,
        "email": user.email,
        "email_proved_at": user.email_proved_at,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "gender": user.gender,
        "user_type": user.user_type_id,
        "date_joined": user.date_joined,
        "last_login": user.last_login,
    }


def held_on_profile(user: User) -> Row | None:
    profile = CustomerProfile.objects.filter(user=user).first()
    columns = ("name", "one_line_desc", "interests", "doj", "is_verified", "otp_validated")
    return None if profile is None else _row(profile, *columns)


def held_sessions(user: User) -> list[Row]:
    columns = ("id", "surface", "device", "created_at", "last_seen_at", "expires_at", "revoked_at")
    return [_row(session, *columns) for session in Session.objects.filter(user=user).order_by("created_at")]


def held_external_identities(user: User) -> list[Row]:
    identities = ExternalIdentity.objects.filter(user=user).order_by("id")
    return [_row(identity, "issuer", "subject", "created_at") for identity in identities]


def held_invitations(user: User) -> list[Row]:
    return [
        _row(invitation, "email", "created_at", "expires_at", "used_at")
        for invitation in user.invitations.order_by("id")
    ]


def held_blocks(user: User) -> list[Row]:
    """Whom they blocked; who blocked them is the others' business, as is who reported them."""
    blocks = user.blocks_made.select_related("blocked").order_by("id")
    return [{"username": block.blocked.username, "created_at": block.created_at} for block in blocks]


def held_reports(user: User) -> list[Row]:
    reports = user.reports_made.select_related("reported").order_by("id")
    columns = ("reason", "message_id", "created_at")
    return [{"username": report.reported.username, **_row(report, *columns)} for report in reports]


def _row(held: Model, *columns: str) -> Row:
    return {column: getattr(held, column) for column in columns}
