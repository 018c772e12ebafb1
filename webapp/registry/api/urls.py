"""The paths below /api/v1/."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from webapp.registry.api import views
from webapp.registry.published import NAME


class NameConverter(StringConverter):
    """What a model may be called: no path, no blank, nothing that another program would take for more than a name."""

    regex = NAME.pattern


register_converter(NameConverter, "name")

app_name = "api"
ONE = "models/<name:name>/versions/<int:number>/"

urlpatterns = [
    path("models/", views.Models.as_view(), name="models"),
    path("models/<name:name>/", views.OneModel.as_view(), name="model"),
    path("models/<name:name>/live/", views.InProduction.as_view(), name="live"),
    path("versions/", views.Versions.as_view(), name="versions"),
    path(ONE, views.OneVersion.as_view(), name="version"),
    path(f"{ONE}approve/", views.Approve.as_view(), name="approve"),
    path(f"{ONE}reject/", views.Reject.as_view(), name="reject"),
    path(f"{ONE}retire/", views.Retire.as_view(), name="retire"),
    path(f"{ONE}roll-back/", views.RollBack.as_view(), name="roll-back"),
    path("decisions/", views.Decisions.as_view(), name="decisions"),
    path("decisions/<int:sequence>/", views.OneDecision.as_view(), name="decision"),
]
