"""The same model behind a view of Django REST framework: a serializer for a row, many rows in, JSON out."""

from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path

settings.configure(
    SECRET_KEY="only for the benchmark",  # noqa: S106 - nothing is signed here
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    REST_FRAMEWORK={
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
)
django.setup()

from rest_framework import serializers  # noqa: E402 - Django must know its settings first
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from bench.peers import model  # noqa: E402

Row = type(
    "Row",
    (serializers.Serializer,),
    {
        name: serializers.FloatField(allow_null=True)
        if kind == "number"
        else serializers.CharField(allow_null=True, allow_blank=True)
        for name, kind in model.COLUMNS.items()
    },
)


class Predict(APIView):
    """Answers each row."""

    def post(self, request: Any) -> Response:
        """Answer each row."""
        rows = Row(data=request.data["instances"], many=True)
        rows.is_valid(raise_exception=True)
        return Response({"predictions": model.predict(rows.validated_data)})


urlpatterns = [path("predict", Predict.as_view())]
application = get_wsgi_application()
