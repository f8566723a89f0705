from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Report
from venues.models import Venue
from workspaces.models import Channel


class Conversation(models.Model):
    """Where messages are said. Its integer key is what clients know as `chat_id`.

    `last_seq` counts everything durable that happened in it, messages and changes alike: whoever stores one takes the
    next number while holding this row's lock, so that numbers have no gaps and everyone sees one order.
    """

    class Kind(models.TextChoices):
        PRIVATE = "private"
        GROUP = "group"
        CHANNEL = "channel"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    pair = models.CharField(
        max_length=41, unique=True, null=True, blank=True, help_text="Both users' ids, the lower first: `3-17`."
    )
    venue = models.OneToOneField(Venue, on_delete=models.CASCADE, null=True, blank=True, related_name="conversation")
    channel = models.OneToOneField(
        Channel, on_delete=models.CASCADE, null=True, blank=True, related_name="conversation"
    )
    last_seq = models.PositiveBigIntegerField(default=0)
    closed_at = models.DateTimeField(null=True, blank=True, help_text="Nobody can write in a closed group.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(help_text="When the last message was stored.")

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("kind", "created_at"), name="conversation_by_kind"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="private", pair__isnull=False, venue=None, channel=None)
                | Q(kind="group", pair=None, venue__isnull=False, channel=None)
                | Q(kind="channel", pair=None, venue=None, channel__isnull=False),
                name="each_kind_has_what_it_is_of",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} conversation {self.pk}"

    @property
    def pair_ids(self) -> frozenset[int]:
        """The ids of the two in a private conversation; nobody for any other."""
        return frozenset(int(user_id) for user_id in self.pair.split("-")) if self.pair else frozenset()


class Participant(models.Model):
    """One of the two in a private conversation, or somebody who has read in a channel.

    Groups have none: who is at the venue takes part. Who may be in a channel is for its workspace to say, not for this.
    """

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="participants", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="participations")
    last_read_seq = models.PositiveBigIntegerField(default=0)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("conversation", "user"), name="takes_part_once"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id}"


class Message(models.Model):
    """Something said. A deleted one keeps its place and loses its body."""

    id = models.BigAutoField(primary_key=True)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    seq = models.PositiveBigIntegerField()
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    client_id = models.CharField(
        max_length=64, null=True, blank=True, help_text="The sender's own name for it; the same one is stored once."
    )
    body = models.TextField(blank=True)
    in_channel = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Kept with it for the index of words, which holds only what is said in channels.",
    )
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=("created_at", "conversation"), name="message_by_time"),)
        constraints = (
            models.UniqueConstraint(fields=("conversation", "seq"), name="message_has_its_own_seq"),
            models.UniqueConstraint(fields=("sender", "conversation", "client_id"), name="client_id_is_stored_once"),
        )

    def __str__(self) -> str:
        return f"message {self.pk}"

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


class Change(models.Model):
    """Something that happened to a message. Append-only.

    The text of an edit is not repeated here: it is read from the message, so that what was deleted stays nowhere.
    """

    class Kind(models.TextChoices):
        EDITED = "edited"
        DELETED = "deleted"
        REACTION = "reaction"

    id = models.BigAutoField(primary_key=True)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="changes", db_index=False)
    seq = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="changes")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    payload = models.JSONField(default=dict, blank=True, help_text="Of a reaction: emoji, and whether it was added.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("conversation", "seq"), name="change_has_its_own_seq"),)

    def __str__(self) -> str:
        return f"message {self.message_id} {self.kind}"


class Reaction(models.Model):
    """An emoji that stands under a message now."""

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reactions")
    emoji = models.CharField(max_length=16)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("message", "user", "emoji"), name="reacts_once_with_an_emoji"),)

    def __str__(self) -> str:
        return f"{self.emoji} on {self.message_id}"


class Mute(models.Model):
    """Someone may not write in a venue's group for a time."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="mutes", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mutes")
    until = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("conversation", "user"), name="muted_once"),)

    def __str__(self) -> str:
        return f"{self.user_id} muted until {self.until:%Y-%m-%d %H:%M}"


class Evidence(models.Model):
    """What a reported message said when it was reported, whatever becomes of the message."""

    report = models.OneToOneField(Report, on_delete=models.CASCADE, related_name="evidence")
    message = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, related_name="evidence")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    body = models.TextField()
    sent_at = models.DateTimeField()
    kept_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "evidence"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"evidence of report {self.report_id}"


class SocketLease(models.Model):
    """A user has a socket in a room, through one server process, for as long as that process renews this."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="leases", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    node = models.UUIDField(db_index=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("conversation", "user", "node"), name="leased_once_by_a_node"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id} until {self.expires_at:%H:%M:%S}"
