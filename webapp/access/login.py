"""Who guesses passwords has to wait: what they are told."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked_out(request: HttpRequest, _answer: HttpResponse | None, _credentials: object) -> HttpResponse:
    """The page of status 429, with how long to wait in its text and in ``Retry-After`` (seconds)."""
    waits: timedelta = settings.AXES_COOLOFF_TIME
    told = {"tried": settings.AXES_FAILURE_LIMIT, "minutes": waits / timedelta(minutes=1)}
    page = render(request, "access/locked_out.html", told, status=429)
    page["Retry-After"] = str(round(waits.total_seconds()))
    return page
