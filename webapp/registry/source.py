"""From where a decision, or a login, came."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request


def source_of(request: HttpRequest | Request, way: str) -> str:
    """The way and the address, such as ``API from 192.0.2.7``."""
    return f"{way} from {address_of(request) or 'an unknown address'}"


def address_of(request: HttpRequest | Request) -> str | None:
    """The address of who asks, whatever proxies of ours are between; None where it is not known."""
    return _client(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")) or None


def _client(peer: str, forwarded: str) -> str:
    """The address of the peer; where that is a proxy of ours, what the proxy says, and so on until one is not."""
    address, told = peer, forwarded.split(",")
    while told and _is_ours(address):
        said = told.pop().strip()
        if not _is_address(said):
            break
        address = said
    return address


def _is_ours(address: str) -> bool:
    """Whether it is that of a proxy that is believed; without one the peer is of this machine."""
    return not address or any(ip_address(address) in network for network in settings.PROXIES)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
