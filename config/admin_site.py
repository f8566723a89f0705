"""The admin: who may enter, how they sign in, and what its pages may load."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from django import forms
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm

from accounts.browser_sessions import open_browser_session
from accounts.models import User, UserType
from accounts.services.passwords import change_password
from accounts.services.sessions import Credentials, check_password
from analytics.first_page import first_page
from core.errors import BadCredentials, TooMany
from core.surface.client import client_address

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite as UnfoldAdminSite
else:
    from unfold.sites import UnfoldAdminSite

View = Callable[..., Any]

# The pages' own scripts are written into them and evaluate expressions; nothing comes from or goes to elsewhere.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class SignInForm(AuthenticationForm):  # type: ignore[misc]
    """Counted, and refused, as at every other door: the reason for a refusal is not told."""

    retry_after: int | None = None

    def clean(self) -> dict[str, Any]:
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username and password:
            credentials = Credentials(username, password, client_address(self.request))
            try:
                self.user_cache = check_password(credentials, admits=frozenset({UserType.SUPERUSER}))
            except TooMany as refusal:
                self.retry_after = refusal.retry_after
                raise forms.ValidationError(
                    f"Too many attempts. Try again in {refusal.retry_after} seconds.", code=refusal.code
                ) from None
            except BadCredentials as refusal:
                raise forms.ValidationError(refusal.message, code=refusal.code) from None
        return dict(self.cleaned_data)


class SignInPage(LoginView):
    """Leads to the page that was wanted, if that is one here, or to the first."""

    authentication_form = SignInForm
    template_name = "admin/login.html"
    next_page = "admin:index"

    def form_valid(self, form: Any) -> HttpResponse:
        open_browser_session(request=self.request, user=form.get_user(), surface="admin")
        return HttpResponseRedirect(self.get_success_url())

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.retry_after is not None:
            response.status_code = 429
            response["Retry-After"] = str(form.retry_after)
        return response


class OwnPasswordForm(AdminOwnPasswordChangeForm):  # type: ignore[misc]
    def save(self, commit: bool = True) -> User:
        user: User = self.user
        change_password(user=user, new_password=self.cleaned_data["new_password1"])
        return user


class PubNetworkAdminSite(UnfoldAdminSite):
    index_title = "Overview"
    index_template = "analytics/admin_index.html"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_active and user.is_staff and user.is_superuser

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "templates": {"navigation": "core/admin_sidebar.html"}}

    def admin_view(self, view: View, cacheable: bool = False) -> Any:
        return _guarded(super().admin_view(view, cacheable))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """For an app's own page; no other shows it: there is a sidebar, and the first page has figures."""
        return super().get_app_list(request, app_label) if app_label else []

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().index(request, {**first_page(), **(extra_context or {})})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """As Django's own, but that its page signs in through the service and has a first page to lead to."""
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(reverse(f"{self.name}:index"))
        request.current_app = self.name
        shown = {"title": "Log in", "app_path": request.get_full_path(), "username": request.user.get_username()}
        context = {**self.each_context(request), **shown, **(extra_context or {})}
        response: Any = SignInPage.as_view(extra_context=context)(request)
        response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response  # type: ignore[no-any-return]

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Of the pages there are; they fit on one."""
        asked: Any = request.GET.copy()
        asked.pop("page", None)
        request.GET = asked
        return super().search(request, extra_context)  # type: ignore[misc]

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """As the looks' own, but that the service changes the password, so that sessions end."""
        request.current_app = self.name
        return PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse(f"{self.name}:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )(request)


def _guarded(view: View) -> View:
    """No address of a page holds a NUL byte, which no database could look for; no page loads from elsewhere."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if "\0" in unquote(request.get_full_path()):
            raise SuspiciousOperation
        response: HttpResponseBase = view(request, *args, **kwargs)
        response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response

    return guarded
