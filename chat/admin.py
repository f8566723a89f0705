from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Case, F, Model, QuerySet, TextField, Value, When
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from accounts.models import Report
from accounts.services.blocks import reopen_report, resolve_report
from chat.models import Change, Conversation, Evidence, Message, Mute, Participant, Reaction, SocketLease
from chat.services.changes import delete_message
from chat.services.conversations import LONGEST_MUTE_MINUTES, close_group, mute, open_group
from core.admin_kit import (
    GovernedAdmin,
    GovernedForm,
    GrowingAdmin,
    ReadOnlyAdmin,
    actor,
    list_action,
    page_action,
)
from core.errors import NotFound

if TYPE_CHECKING:
    from django.contrib.admin import StackedInline, TabularInline

    EvidenceInlineBase = StackedInline[Evidence, Report]
    ParticipantInlineBase = TabularInline[Participant, Conversation]
else:
    from unfold.admin import StackedInline as EvidenceInlineBase
    from unfold.admin import TabularInline as ParticipantInlineBase

HIDDEN = "(private)"


class EvidenceInline(EvidenceInlineBase):
    """What the reported message said when it was reported."""

    model = Evidence
    fields = ("sender", "body", "sent_at", "kept_at", "message")
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin[Report]):
    """Stands here rather than in accounts, since what was said is chat's."""

    list_display = ("created_at", "reported", "reporter", "reason_in_short", "has_evidence", "state", "resolved_at")
    list_filter = (("resolved_at", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("reported", "reporter", "evidence")
    search_fields = ("reported__username", "reporter__username", "reason", "evidence__body")
    date_hierarchy = "created_at"
    inlines = (EvidenceInline,)
    actions = ("resolve", "reopen")
    actions_detail = ("resolve_this",)

    @display(description="reason", ordering="reason")
    def reason_in_short(self, report: Report) -> str:
        return report.reason if len(report.reason) <= 80 else f"{report.reason[:79]}…"

    @display(description="evidence", boolean=True)
    def has_evidence(self, report: Report) -> bool:
        return hasattr(report, "evidence")

    @display(description="state", ordering="resolved_at", label={"open": "warning", "resolved": "success"})
    def state(self, report: Report) -> str:
        return "open" if report.resolved_at is None else "resolved"

    @list_action("Mark the selected as resolved")
    def resolve(self, request: HttpRequest, report: Report) -> None:
        resolve_report(report=report)

    @list_action("Open the selected again")
    def reopen(self, request: HttpRequest, report: Report) -> None:
        reopen_report(report=report)

    @page_action("Resolve", question="You have dealt with this complaint.", icon="task_alt")
    def resolve_this(self, request: HttpRequest, report: Report, form: Any) -> None:
        resolve_report(report=report)


class ParticipantInline(ParticipantInlineBase):
    model = Participant
    fields = ("user", "last_read_seq", "joined_at")
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Conversation)
class ConversationAdmin(GrowingAdmin[Conversation]):
    list_display = ("id", "kind", "where", "last_seq", "is_open", "created_at", "updated_at")
    list_filter = ("kind", "created_at", "updated_at", ("closed_at", admin.EmptyFieldListFilter))
    search_fields = ("venue__name", "channel__name", "participants__user__username")
    inlines = (ParticipantInline,)
    actions = ("close", "open")
    actions_detail = ("close_this", "open_this")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        rows = super().get_queryset(request).select_related("venue", "channel")
        return rows.prefetch_related("participants__user")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Of a mute's form only groups: nobody is muted elsewhere."""
        if request.path.endswith("/autocomplete/"):
            queryset = queryset.filter(kind=Conversation.Kind.GROUP)
        return super().get_search_results(request, queryset, search_term)

    @display(description="between, or in")
    def where(self, conversation: Conversation) -> str:
        if conversation.venue is not None:
            return conversation.venue.name
        if conversation.channel is not None:
            return str(conversation.channel)
        return " and ".join(participant.user.username for participant in conversation.participants.all())

    @display(description="open", boolean=True)
    def is_open(self, conversation: Conversation) -> bool:
        return conversation.closed_at is None

    @list_action("Close the selected groups")
    def close(self, request: HttpRequest, conversation: Conversation) -> None:
        close_group(by=actor(request), venue_id=_venue_of(conversation))

    @list_action("Open the selected groups again")
    def open(self, request: HttpRequest, conversation: Conversation) -> None:
        open_group(by=actor(request), venue_id=_venue_of(conversation))

    @page_action("Close", question="Nobody can write in the group until it is opened again.", icon="lock")
    def close_this(self, request: HttpRequest, conversation: Conversation, form: Any) -> None:
        close_group(by=actor(request), venue_id=_venue_of(conversation))

    @page_action("Open", question="People at the venue can write in the group again.", icon="lock_open")
    def open_this(self, request: HttpRequest, conversation: Conversation, form: Any) -> None:
        open_group(by=actor(request), venue_id=_venue_of(conversation))


def _venue_of(conversation: Conversation) -> int:
    if conversation.venue_id is None:
        raise NotFound("This is done in a venue's group only.")
    return conversation.venue_id


@admin.register(Message)
class MessageAdmin(GrowingAdmin[Message]):
    """What is said in private is read by the two alone, and a team's channels by the team; of it, only what was
    reported is kept, as evidence.
    """

    hidden = ("body", "client_id")
    shown_besides = ("words",)
    list_display = ("created_at", "sender", "where", "words", "seq", "state")
    list_filter = ("conversation__kind", "created_at", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("sender__username", "conversation__venue__name", "public_body")
    search_help_text = "Sender, venue, or words said in a venue's group."
    ordering = ("-id",)
    actions = ("unsay",)
    actions_detail = ("unsay_this",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        in_group = When(conversation__kind=Conversation.Kind.GROUP, then=F("body"))
        rows = super().get_queryset(request).select_related("sender", "conversation__venue")
        return rows.annotate(public_body=Case(in_group, default=Value(""), output_field=TextField()))

    @display(description="where")
    def where(self, message: Message) -> str:
        conversation = message.conversation
        if conversation.venue is not None:
            return conversation.venue.name
        return f"{conversation.kind} conversation {conversation.pk}"

    @display(description="words")
    def words(self, message: Any) -> str:
        is_public = message.conversation.kind == Conversation.Kind.GROUP
        return str(message.public_body) if is_public else HIDDEN

    @display(description="state", label={"deleted": "danger", "edited": "info"})
    def state(self, message: Message) -> str:
        if message.is_deleted:
            return "deleted"
        return "edited" if message.edited_at is not None else "said"

    @list_action("Delete the words of the selected")
    def unsay(self, request: HttpRequest, message: Message) -> None:
        delete_message(message_id=message.pk, by=actor(request))

    @page_action(
        "Delete",
        question="The words and reactions go, for everyone and for good; the place stays.",
        icon="delete",
        variant=ActionVariant.DANGER,
    )
    def unsay_this(self, request: HttpRequest, message: Message, form: Any) -> None:
        delete_message(message_id=message.pk, by=actor(request))


class MuteForm(GovernedForm):
    minutes = forms.IntegerField(
        validators=[MinValueValidator(0), MaxValueValidator(LONGEST_MUTE_MINUTES)],
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="From now; 0 lets them write again.",
    )


@admin.register(Mute)
class MuteAdmin(GovernedAdmin[Mute]):
    form = MuteForm
    list_display = ("user", "where", "is_muted", "until", "by")
    list_filter = ("until",)
    list_select_related = ("user", "by", "conversation__venue")
    search_fields = ("user__username", "conversation__venue__name")
    ordering = ("-until", "-id")
    autocomplete_fields = ("conversation", "user")
    actions = ("lift",)

    @display(description="venue")
    def where(self, muted: Mute) -> str:
        return str(muted.conversation.venue)

    @display(description="muted now", boolean=True)
    def is_muted(self, muted: Mute) -> bool:
        return muted.until > timezone.now()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (
            ("conversation", "user", "minutes") if obj is None else ("conversation", "user", "until", "by", "minutes")
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("conversation", "user", "until", "by")

    def save_model(self, request: HttpRequest, obj: Mute, form: Any, change: bool) -> None:
        self.take_over(obj, _mute(obj, form.cleaned_data["minutes"], request))

    @list_action("Let the selected write again")
    def lift(self, request: HttpRequest, muted: Mute) -> None:
        _mute(muted, 0, request)


def _mute(muted: Mute, minutes: int, request: HttpRequest) -> Mute:
    venue_id = _venue_of(muted.conversation)
    return mute(by=actor(request), venue_id=venue_id, username=muted.user.username, minutes=minutes)


@admin.register(Evidence)
class EvidenceAdmin(ReadOnlyAdmin[Evidence]):
    list_display = ("kept_at", "report", "sender", "body", "sent_at")
    list_filter = ("kept_at",)
    list_select_related = ("report", "sender")
    search_fields = ("sender__username", "body")


@admin.register(Participant)
class ParticipantAdmin(GrowingAdmin[Participant]):
    list_display = ("user", "conversation", "last_read_seq", "joined_at")
    list_filter = ("joined_at",)
    list_select_related = ("user", "conversation")
    search_fields = ("user__username",)
    ordering = ("-id",)


@admin.register(Change)
class ChangeAdmin(GrowingAdmin[Change]):
    list_display = ("created_at", "kind", "message", "actor", "conversation", "seq")
    list_filter = ("kind", "created_at")
    list_select_related = ("message", "actor", "conversation")
    search_fields = ("actor__username",)
    ordering = ("-id",)


@admin.register(Reaction)
class ReactionAdmin(GrowingAdmin[Reaction]):
    list_display = ("created_at", "emoji", "user", "message")
    list_filter = ("created_at",)
    list_select_related = ("user", "message")
    search_fields = ("user__username", "emoji")
    ordering = ("-id",)


@admin.register(SocketLease)
class SocketLeaseAdmin(ReadOnlyAdmin[SocketLease]):
    """Who is connected."""

    list_display = ("user", "conversation", "node", "expires_at")
    list_filter = ("expires_at",)
    list_select_related = ("user", "conversation")
    search_fields = ("user__username", "conversation__venue__name")
    ordering = ("-expires_at", "-id")
