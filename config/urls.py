"""Every URL there is: the contracts', the API documents', the admin's and the machine room's."""

from django.contrib import admin
from django.urls import path, re_path
from django.views.generic import RedirectView

from analytics.api.owner_pages import dashboard_page, login_page, logout_page
from config.contracts import CONTRACTS
from config.docs import docs_urlpatterns
from config.health import live, ready
from config.metrics import metrics
from core.surface import fallback

urlpatterns = [
    *(pattern for contract in CONTRACTS for pattern in contract.urlpatterns()),
    *docs_urlpatterns(),
    re_path(r"^admin$", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    re_path(r"^dashboard/?$", dashboard_page),
    re_path(r"^dashboard/login/?$", login_page),
    re_path(r"^dashboard/logout/?$", logout_page),
    re_path(r"^healthz/?$", live),
    re_path(r"^readyz/?$", ready),
    re_path(r"^metrics/?$", metrics),
    re_path(r"", fallback.unknown_path),
]

handler400 = fallback.bad_request
handler403 = fallback.permission_denied
handler404 = fallback.not_found
handler500 = fallback.server_error
