from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth import admin as django_admin
from django.contrib.auth.models import Group
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import (
    Block,
    CustomerProfile,
    ExternalIdentity,
    Invitation,
    OneTimePassword,
    Session,
    User,
    UserType,
)
from accounts.services.invitations import invite_user
from accounts.services.passwords import change_password, remove_password
from accounts.services.privacy import anonymise_account
from accounts.services.registration import (
    AccountChanges,
    AccountDetails,
    ProfileChanges,
    create_account,
    update_account,
)
from accounts.services.sessions import end_all_sessions, end_sessions
from accounts.services.standing import activate_user, change_user_type, shut_out_user
from core.admin_kit import (
    GovernedAdmin,
    GovernedForm,
    GrowingAdmin,
    ReadOnlyAdmin,
    actor,
    list_action,
    page_action,
)

if TYPE_CHECKING:
    from django.contrib.admin import StackedInline

    ProfileInlineBase = StackedInline[CustomerProfile, User]
else:
    from unfold.admin import StackedInline as ProfileInlineBase

# Groups and single permissions play no part here: a superuser may do everything, others have no admin.
admin.site.unregister(Group)

# Of interests, and of characters in one.
MOST = 50
DETAILS = ("username", "email", "first_name", "last_name", "gender")


class AccountForm(GovernedForm, UserChangeForm):  # type: ignore[misc]
    class Meta:
        model = User
        fields = (*DETAILS, "password", "user_type", "is_active")


class NewAccountForm(GovernedForm, UserCreationForm):  # type: ignore[misc]
    usable_password = UserCreationForm.create_usable_password_field(
        "Without one they sign in by one-time password or through Google only."
    )

    class Meta:
        model = User
        fields = (*DETAILS, "user_type")


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[misc]
    def save(self, commit: bool = True) -> User:
        user: User = self.user
        if self.cleaned_data["set_usable_password"]:
            change_password(user=user, new_password=self.cleaned_data["password1"])
        else:
            remove_password(user=user)
        return user


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = CustomerProfile
        fields = ("name", "one_line_desc", "interests")
        widgets = {"interests": UnfoldAdminTextareaWidget(attrs={"rows": 2})}

    def clean_interests(self) -> list[str]:
        interests = self.cleaned_data["interests"] or []
        if not isinstance(interests, list) or len(interests) > MOST or not all(map(_is_interest, interests)):
            raise forms.ValidationError('A list of words, such as ["Music", "Darts"].')
        return interests


def _is_interest(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MOST and value.isprintable()


class ProfileInline(ProfileInlineBase):
    model = CustomerProfile
    form = ProfileForm
    fields = ("name", "one_line_desc", "interests", "doj", "is_verified", "otp_validated")
    readonly_fields = ("doj", "is_verified", "otp_validated")
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(django_admin.UserAdmin, GovernedAdmin[User]):  # type: ignore[type-arg, misc]
    """What is changed goes through the services, so that sessions end and profiles are made as elsewhere."""

    form = AccountForm
    add_form = NewAccountForm
    change_password_form = PasswordForm
    list_display = ("username", "email", "full_name", "kind", "is_active", "date_joined", "last_login")
    list_filter = ("user_type", "is_active", "gender", "customer_profile__is_verified", "date_joined", "anonymised_at")
    list_select_related = ("user_type",)
    search_fields = ("username", "email", "first_name", "last_name", "customer_profile__name")
    date_hierarchy = "date_joined"
    ordering = ("-date_joined", "-id")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined", "uuid", "anonymised_at")
    fieldsets = (
        (None, {"fields": (("username", "email"), ("first_name", "last_name"), "gender", "password")}),
        ("Standing", {"fields": (("user_type", "is_active"),)}),
        ("Kept by the server", {"fields": (("date_joined", "last_login"), ("uuid", "anonymised_at"))}),
    )
    add_fieldsets = (
        (None, {"fields": (("username", "email"), ("first_name", "last_name"), "gender", "user_type")}),
        ("Password", {"fields": ("usable_password", "password1", "password2")}),
    )
    inlines = (ProfileInline,)
    untold = ("gender",)
    actions = ("deactivate", "activate", "end_sessions")
    actions_detail = ("invite", "end_all", "forget")

    @display(description="name", ordering="first_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @display(description="type", ordering="user_type", label={"Superuser": "danger", "Venue owner": "info"})
    def kind(self, user: User) -> str:
        return user.user_type.name

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Who has left is nobody, and stays so."""
        return super().has_change_permission(request, obj) and getattr(obj, "anonymised_at", None) is None

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj is not None and obj.is_customer else ()

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            self._change(obj, form.cleaned_data, set(form.changed_data), by=actor(request))
            self.take_over(obj, obj)
            return
        details = AccountDetails(**{name: form.cleaned_data[name] for name in DETAILS})
        kind, password = form.cleaned_data["user_type"].slug, form.cleaned_data["password1"]
        has_password = form.cleaned_data["set_usable_password"]
        made = create_account(
            details=details, user_type=kind, password=password if has_password else None, by=actor(request)
        )
        self.take_over(obj, made)

    def _change(self, user: User, values: dict[str, Any], changed: set[str], *, by: User) -> None:
        details: AccountChanges = {name: values[name] for name in DETAILS if name in changed}  # type: ignore[assignment]
        if details:
            update_account(account=user, changes=details, profile_changes={})
        if "user_type" in changed:
            change_user_type(user=user, user_type=values["user_type"].slug, by=by)
        if "is_active" in changed and values["is_active"]:
            activate_user(user=user)
        elif "is_active" in changed:
            shut_out_user(user=user, by=by)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for profile_form in formset.forms:
            names = [name for name in profile_form.changed_data if name in ProfileForm.Meta.fields]
            changes: ProfileChanges = {name: profile_form.cleaned_data[name] for name in names}  # type: ignore[assignment]
            if changes:
                update_account(account=form.instance, changes={}, profile_changes=changes)
        formset.save(commit=False)

    @list_action("Deactivate and end all sessions")
    def deactivate(self, request: HttpRequest, user: User) -> None:
        shut_out_user(user=user, by=actor(request))

    @list_action("Activate")
    def activate(self, request: HttpRequest, user: User) -> None:
        activate_user(user=user)

    @list_action("End all sessions of the selected")
    def end_sessions(self, request: HttpRequest, user: User) -> None:
        end_all_sessions(user)

    @page_action(
        "Invite", question="They are mailed a link that sets their password. One sent before ends.", icon="mail"
    )
    def invite(self, request: HttpRequest, user: User, form: Any) -> None:
        invite_user(user=user, by=actor(request))

    @page_action("End all sessions", question="They must sign in again, everywhere.", icon="logout")
    def end_all(self, request: HttpRequest, user: User, form: Any) -> None:
        end_all_sessions(user)

    @page_action(
        "Forget this person",
        question="Name, address, profile and ways to sign in are wiped for good. What they said and redeemed stays.",
        icon="person_off",
        variant=ActionVariant.DANGER,
    )
    def forget(self, request: HttpRequest, user: User, form: Any) -> None:
        anonymise_account(user=user, by=actor(request))


class InUseFilter(admin.SimpleListFilter):
    title = "whether anybody is of it"
    parameter_name = "in_use"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[UserType]) -> QuerySet[UserType]:
        of_it = Exists(User.objects.filter(user_type=OuterRef("slug")))
        return {"yes": queryset.filter(of_it), "no": queryset.exclude(of_it)}.get(self.value() or "", queryset)


@admin.register(UserType)
class UserTypeAdmin(ReadOnlyAdmin[UserType]):
    list_display = ("id", "slug", "name")
    list_filter = (InUseFilter,)
    search_fields = ("slug", "name")


@admin.register(CustomerProfile)
class CustomerProfileAdmin(ReadOnlyAdmin[CustomerProfile]):
    """To be looked at: it is changed on its user's page."""

    list_display = ("name", "user", "one_line_desc", "is_verified", "otp_validated", "doj")
    list_filter = ("is_verified", "otp_validated", "doj")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "user__email", "one_line_desc")
    ordering = ("-id",)


@admin.register(Session)
class SessionAdmin(GrowingAdmin[Session]):
    hidden = ("refresh_hash", "previous_refresh_hash")
    list_display = ("created_at", "user", "surface", "device", "last_seen_at", "expires_at", "state")
    list_filter = ("surface", "created_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email", "device")
    actions = ("revoke",)

    @display(description="state", label={"live": "success"})
    def state(self, session: Session) -> str:
        if session.revoked_at is not None:
            return "ended"
        return "live" if session.expires_at > timezone.now() else "ran out"

    @list_action("End the selected sessions")
    def revoke(self, request: HttpRequest, session: Session) -> None:
        end_sessions([session])


@admin.register(Invitation)
class InvitationAdmin(GrowingAdmin[Invitation]):
    """Whom a link was mailed to; the link itself is kept nowhere."""

    hidden = ("hash",)
    list_display = ("created_at", "user", "invited_by", "state", "expires_at", "used_at")
    list_filter = ("created_at", "expires_at", "used_at")
    list_select_related = ("user", "invited_by")
    search_fields = ("user__username", "user__email")
    actions = ("resend",)

    @display(description="state", label={"used": "success", "open": "info"})
    def state(self, invitation: Invitation) -> str:
        if invitation.used_at is not None:
            return "used"
        return "open" if invitation.expires_at > timezone.now() else "over"

    @list_action("Send another link to the selected")
    def resend(self, request: HttpRequest, invitation: Invitation) -> None:
        invite_user(user=invitation.user, by=actor(request))


@admin.register(OneTimePassword)
class OneTimePasswordAdmin(GrowingAdmin[OneTimePassword]):
    """How far a code got; the code itself is nobody's business."""

    hidden = ("code_hash", "context")
    list_display = ("requested_at", "email", "surface", "user", "tries", "state", "expires_at")
    list_filter = ("surface", "requested_at", "used_at")
    list_select_related = ("user",)
    search_fields = ("email", "username")

    @display(description="state", label={"used": "success", "waiting": "info", "sent": "info"})
    def state(self, asked: OneTimePassword) -> str:
        if asked.used_at is not None:
            return "used"
        if asked.voided_at is not None:
            return "voided"
        if asked.expires_at <= timezone.now():
            return "ran out"
        if asked.issued_at is None:
            return "waiting"
        return "sent" if asked.user_id else "no such account"


@admin.register(ExternalIdentity)
class ExternalIdentityAdmin(ReadOnlyAdmin[ExternalIdentity]):
    list_display = ("user", "issuer", "subject", "created_at")
    list_filter = ("issuer", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email", "subject")
    ordering = ("-id",)


@admin.register(Block)
class BlockAdmin(ReadOnlyAdmin[Block]):
    list_display = ("created_at", "blocker", "blocked")
    list_filter = ("created_at",)
    list_select_related = ("blocker", "blocked")
    search_fields = ("blocker__username", "blocked__username")
    ordering = ("-id",)
