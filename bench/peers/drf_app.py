"""The same model behind a view of Django REST framework: a serializer for a row, many rows in, JSON out."""

import os
from pathlib import Path
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

from bundle import version  # noqa: E402
from bundle.contract import columns_of  # noqa: E402

model = version.load(Path(os.environ["BENCH_VERSION"])).model
Row = type(
    "Row",
    (serializers.Serializer,),
    {
        column.name: serializers.FloatField(allow_null=True)
        if column.type == "number"
        else serializers.CharField(allow_null=True, allow_blank=True)
        for column in model.contract.inputs
    },
)


class Predict(APIView):
    """Answers each row."""

    def post(self, request: Any) -> Response:
        """Answer each row."""
        rows = Row(data=request.data["instances"], many=True)
        rows.is_valid(raise_exception=True)
        answers = model.predict(columns_of(rows.validated_data, model.contract))
        names = [output.name for output in model.contract.outputs]
        told = zip(*(answers[name].tolist() for name in names), strict=True)
        return Response({"predictions": [dict(zip(names, row, strict=True)) for row in told]})


urlpatterns = [path("predict", Predict.as_view())]
application = get_wsgi_application()
