"""The registry's API: reading for those who may view, and one path a verb."""

from datetime import datetime
from typing import ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.exceptions import APIException
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.registry import decisions, production
from webapp.registry.api.permissions import MayView
from webapp.registry.api.serializers import (
    DecisionSerializer,
    DetailSerializer,
    EvidenceSerializer,
    InProductionSerializer,
    ModelSerializer,
    MomentSerializer,
    ReasonSerializer,
    VersionSerializer,
)
from webapp.registry.models import Decision, Model, Outcome, State, Verb, Version
from webapp.registry.source import source_of

REFUSALS = dict.fromkeys((400, 401, 403, 404, 409), DetailSerializer)


class Models(generics.ListAPIView[Model]):
    """Every model."""

    permission_classes = (MayView,)
    queryset = Model.objects.prefetch_related("versions")
    serializer_class = ModelSerializer
    search_fields = ("name",)
    ordering_fields = ("name",)


class OneModel(generics.RetrieveAPIView[Model]):
    """One model."""

    permission_classes = (MayView,)
    queryset = Model.objects.prefetch_related("versions")
    serializer_class = ModelSerializer
    lookup_field = "name"


class InProduction(generics.GenericAPIView[Model]):
    """Which version of the model was in production at a moment, and by whose decision."""

    permission_classes = (MayView,)
    queryset = Model.objects.all()
    serializer_class = InProductionSerializer
    lookup_field = "name"

    @extend_schema(parameters=[MomentSerializer])
    def get(self, request: Request, name: str) -> Response:  # noqa: ARG002
        """What was in production at ``at``."""
        model = self.get_object()
        asked = MomentSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        moment: datetime = asked.validated_data.get("at") or timezone.now()
        period = production.live_at(model.name, moment)
        return Response(InProductionSerializer({"at": moment, **({"period": period} if period else {})}).data)


class VersionFilter(filters.FilterSet):  # type: ignore[misc] # it has no types
    """What versions may be picked by."""

    model = filters.CharFilter("model__name")
    state = filters.MultipleChoiceFilter(choices=State.choices)
    verdict = filters.CharFilter()
    made_by = filters.CharFilter()
    number = filters.NumberFilter()


class Versions(generics.ListAPIView[Version]):
    """Every version of every model."""

    permission_classes = (MayView,)
    queryset = Version.objects.select_related("model")
    serializer_class = VersionSerializer
    filterset_class = VersionFilter
    search_fields = ("model__name", "made_by")
    ordering_fields = ("number", "made_at", "registered_at", "state")


class OneVersion(generics.RetrieveAPIView[Version]):
    """One version with its whole manifest."""

    permission_classes = (MayView,)
    queryset = Version.objects.select_related("model")
    serializer_class = EvidenceSerializer

    def get_object(self) -> Version:
        """The version with this number of this model."""
        return version_or_404(self.get_queryset(), self.kwargs["name"], self.kwargs["number"])


class DecisionFilter(filters.FilterSet):  # type: ignore[misc] # likewise
    """What decisions may be picked by."""

    model = filters.CharFilter("version__model__name")
    version = filters.NumberFilter("version__number")
    verb = filters.MultipleChoiceFilter(choices=Verb.choices)
    outcome = filters.ChoiceFilter(choices=Outcome.choices)
    actor = filters.CharFilter()
    at = filters.IsoDateTimeFromToRangeFilter()


class Decisions(generics.ListAPIView[Decision]):
    """The audit trail, the last line first."""

    permission_classes = (MayView,)
    queryset = Decision.objects.select_related("version__model")
    serializer_class = DecisionSerializer
    filterset_class = DecisionFilter
    search_fields = ("reason", "detail")
    ordering_fields = ("sequence",)


class OneDecision(generics.RetrieveAPIView[Decision]):
    """One line of the audit trail."""

    permission_classes = (MayView,)
    queryset = Decision.objects.select_related("version__model")
    serializer_class = DecisionSerializer
    lookup_field = "sequence"


class Refusal(APIException):
    """A verb that was refused, as HTTP says it."""

    def __init__(self, refused: decisions.Refused) -> None:
        self.status_code = refused.status
        super().__init__(str(refused))


class Decide(APIView):
    """A verb. Whoever is known may ask; the verb itself refuses, and leaves every refusal in the audit trail."""

    permission_classes = (IsAuthenticated,)
    verb: ClassVar[Verb]

    def post(self, request: Request, name: str, number: int) -> Response:
        """Decide, with a reason."""
        version = version_or_404(Version.objects.select_related("model"), name, number)
        given = request.data.get("reason") if isinstance(request.data, dict) else None
        reason = given if isinstance(given, str) else ""
        decide = decisions.VERBS[self.verb]
        try:
            decision = decide(version=version, actor=request.user, reason=reason, source=source_of(request, "API"))
        except decisions.Refused as refused:
            raise Refusal(refused) from None
        where = reverse("api:decision", args=[decision.sequence])
        return Response(DecisionSerializer(decision).data, status=201, headers={"Location": where})


class Approve(Decide):
    """Make a candidate live, in place of the version that is."""

    verb = Verb.APPROVE


class Reject(Decide):
    """Say that a candidate is never to be live."""

    verb = Verb.REJECT


class Retire(Decide):
    """Say that a version's time is over."""

    verb = Verb.RETIRE


class RollBack(Decide):
    """Make a version live again that was live before."""

    verb = Verb.ROLL_BACK


for view in (Approve, Reject, Retire, RollBack):
    extend_schema(request=ReasonSerializer, responses={201: DecisionSerializer, **REFUSALS})(view)


def version_or_404(versions: QuerySet[Version], name: str, number: int) -> Version:
    """The version with this number of this model."""
    return get_object_or_404(versions, model__name=name, number=number)
