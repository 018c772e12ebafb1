"""Pages for what went wrong: JSON for a program that asked the API, a short page for a person."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Nothing is there, or nothing that the asker may know of."""
    if is_api(request):
        return JsonResponse({"detail": "Not found."}, status=404)
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The request can't be made sense of, or names a host that is not ours."""
    if is_api(request):
        return JsonResponse({"detail": "Bad request."}, status=400)
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """The fault is ours; what it was stands in the log. Django calls this while it handles the exception."""
    if isinstance(sys.exception(), (OperationalError, InterfaceError)):
        return _database_away(request)
    if is_api(request):
        return JsonResponse({"detail": "The server has a fault; it is in the log."}, status=500)
    return defaults.server_error(request)


def _database_away(request: HttpRequest) -> HttpResponse:
    told = "The database does not answer. Try again in a moment; predictions go on."
    headers = {"Retry-After": "10"}
    if is_api(request):
        return JsonResponse({"detail": told}, status=503, headers=headers)
    return HttpResponse(f"<!doctype html><title>Try again</title><p>{told}", status=503, headers=headers)


def is_api(request: HttpRequest) -> bool:
    """Whether a program asks."""
    return request.path_info.startswith("/api/")
