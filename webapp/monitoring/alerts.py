"""The webhook that Alertmanager posts to: an alert that asks for a new run leaves a request for one."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bundle.monitoring import RunRequest
from webapp.monitoring import runs
from webapp.registry.api.serializers import DetailSerializer
from webapp.registry.api.views import Refusal
from webapp.registry.decisions import LONGEST_REASON, Refused
from webapp.registry.models import Model
from webapp.registry.source import source_of

ACTION = "new_run"
"""The value of an alert's label ``action`` that asks for a new run of the model in its label ``model``."""
WAY = "alert"
"""How a request comes that an alert makes."""
LONGEST_NAME = 200
"""Characters of an alert's name that tell it from others."""
LONGEST = 10_000
"""Characters of a label or an annotation."""


class AlertSerializer(serializers.Serializer[Any]):
    """One alert."""

    status = serializers.ChoiceField(("firing", "resolved"))
    labels = serializers.DictField(child=serializers.CharField(allow_blank=True, max_length=LONGEST))
    annotations = serializers.DictField(child=serializers.CharField(allow_blank=True, max_length=LONGEST), default=dict)


class AlertsSerializer(serializers.Serializer[Any]):
    """A notification of Alertmanager, as far as it is read (its format 4)."""

    alerts = serializers.ListField(child=AlertSerializer(), max_length=1000)


class TakenSerializer(serializers.Serializer[Any]):
    """What became of the alerts that fire and ask for a new run, by model."""

    requested = serializers.ListField(child=serializers.CharField())
    waiting = serializers.ListField(child=serializers.CharField())
    unknown = serializers.ListField(child=serializers.CharField())


class Alerts(APIView):
    """Take a notification of Alertmanager."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=AlertsSerializer, responses={200: TakenSerializer, 400: DetailSerializer})
    def post(self, request: Request) -> Response:
        """Request a run for each model that an alert asks it for, where that alert has no request waiting."""
        given = AlertsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        taken: dict[str, list[str]] = {"requested": [], "waiting": [], "unknown": []}
        for alert in given.validated_data["alerts"]:
            labels = alert["labels"]
            if alert["status"] == "firing" and labels.get("action") == ACTION:
                name = labels.get("model", "")
                taken[_take(request, name, alert)].append(name)
        return Response(TakenSerializer(taken).data)


def _take(request: Request, name: str, alert: dict[str, Any]) -> str:
    model = Model.objects.filter(name=name).first()
    if model is None:
        return "unknown"
    called = alert["labels"].get("alertname", "").strip()[:LONGEST_NAME].strip() or "an alert"
    if any(_asks(asked, called) for asked in runs.pending(name)):
        return "waiting"
    summary = alert["annotations"].get("summary", "").strip()
    reason = f"{called}: {summary}" if summary else called
    try:
        runs.request(model=model, actor=request.user, reason=reason[:LONGEST_REASON], source=source_of(request, WAY))
    except Refused as refused:
        raise Refusal(refused) from None
    return "requested"


def _asks(asked: RunRequest, called: str) -> bool:
    """Whether the request is that of the alert called so, whatever its summary said."""
    return asked.source.startswith(f"{WAY} ") and (asked.reason == called or asked.reason.startswith(f"{called}: "))
