from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class Role(models.TextChoices):
    """What somebody may do in a workspace: a member takes part, an admin also runs it, the owner may also end it."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class Workspace(models.Model):
    """Where a team works together. A deleted one keeps its history and is there for nobody."""

    name = models.CharField(max_length=100)
    description = models.CharField(max_length=1000, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """Somebody takes part in a workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="workspace_memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("workspace", "user"), name="member_once"),
            models.UniqueConstraint(fields=("workspace",), condition=Q(role="owner"), name="one_owner_a_workspace"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} in workspace {self.workspace_id}"

    @property
    def is_owner(self) -> bool:
        return self.role == Role.OWNER

    @property
    def runs_it(self) -> bool:
        return self.role in {Role.OWNER, Role.ADMIN}


class Invitation(models.Model):
    """A place kept for an e-mail address that has no account yet: whoever proves that it is theirs takes it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations", db_index=False)
    email = models.EmailField(db_index=True, help_text="Kept in lower case.")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "email"), name="invited_to_a_workspace_once"),)

    def __str__(self) -> str:
        return f"invitation {self.pk} to workspace {self.workspace_id}"


class Channel(models.Model):
    """A room of a workspace: a public one is open to all its members, a private one to those who were let in."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="channels", db_index=False)
    name = models.CharField(max_length=80)
    is_private = models.BooleanField(default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("workspace", "id"), name="channel_by_workspace"),)
        constraints = (
            models.UniqueConstraint(
                "workspace", Lower("name"), condition=Q(deleted_at=None), name="channel_name_once_a_workspace"
            ),
        )

    def __str__(self) -> str:
        return f"#{self.name}"


class ChannelMember(models.Model):
    """Somebody was let into a private channel. Public ones have none: whoever is in the workspace is in them."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("channel", "user"), name="in_a_channel_once"),)

    def __str__(self) -> str:
        return f"{self.user_id} in channel {self.channel_id}"


class PresenceLease(models.Model):
    """A user is there, through one server process, for as long as that process renews this."""

    class Status(models.TextChoices):
        ONLINE = "online"
        IDLE = "idle"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    node = models.UUIDField(db_index=True)
    status = models.CharField(max_length=10, choices=Status.choices)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "node"), name="there_once_by_a_node"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.status} until {self.expires_at:%H:%M:%S}"


class LastSeen(models.Model):
    """When somebody who is not there was last."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "last seen"

    def __str__(self) -> str:
        return f"{self.user_id} at {self.at:%Y-%m-%d %H:%M}"
