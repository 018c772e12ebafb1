"""Every path of the web application but those that predict."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from webapp.monitoring.alerts import Alerts

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:registry_version_changelist")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("webapp.registry.api.urls")),
    path("api/v1/alerts/", Alerts.as_view(), name="alerts"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="schema", http_method_names=["get", "head"]),
        name="docs",
    ),
]

handler400 = "webapp.errors.bad_request"
handler404 = "webapp.errors.not_found"
handler500 = "webapp.errors.server_error"
