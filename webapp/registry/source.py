"""From where a decision came."""

from django.http import HttpRequest
from rest_framework.request import Request


def source_of(request: HttpRequest | Request, way: str) -> str:
    """The way and the address, such as ``API from 192.0.2.7``."""
    return f"{way} from {request.META.get('REMOTE_ADDR') or 'an unknown address'}"
