"""Where a decision came from: the client's address, told by nobody but proxies that are believed."""

import pytest
from django.test import RequestFactory

from webapp import environment
from webapp.registry.source import source_of


def told(settings, monkeypatch, peer, forwarded=None, believed="10.0.0.0/8, 2001:db8::1"):
    """From where a request comes that ``peer`` hands on with what it was told."""
    monkeypatch.setenv("PLUMBLINE_FORWARDED_ALLOW_IPS", believed)
    settings.PROXIES = environment.networks("PLUMBLINE_FORWARDED_ALLOW_IPS", "127.0.0.1")
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    return source_of(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer), "API")


def test_it_works(settings, monkeypatch):
    assert told(settings, monkeypatch, "10.0.0.7", "192.0.2.7") == "API from 192.0.2.7"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
        ("10.0.0.7", None, "10.0.0.7"),
        ("10.0.0.7", "198.51.100.9, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.7", "198.51.100.9, 192.0.2.7,10.0.0.8", "192.0.2.7"),
        ("10.0.0.7", "10.0.0.9, 10.0.0.8", "10.0.0.9"),
        ("2001:db8::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.7", "198.51.100.9, unknown", "10.0.0.7"),
        ("10.0.0.7", "198.51.100.9, unknown, 10.0.0.8", "10.0.0.8"),
        ("10.0.0.7", "", "10.0.0.7"),
        ("", "192.0.2.7", "192.0.2.7"),
        ("", None, "an unknown address"),
    ],
)
def test_only_what_a_proxy_of_ours_saw_is_believed(settings, monkeypatch, peer, forwarded, address):
    assert told(settings, monkeypatch, peer, forwarded) == f"API from {address}"


def test_where_everybody_is_believed_the_first_address_is_the_clients(settings, monkeypatch):
    assert told(settings, monkeypatch, "192.0.2.1", "198.51.100.9, 10.0.0.8", "*") == "API from 198.51.100.9"


def test_without_a_proxy_that_is_named_this_machine_alone_is_believed(settings, monkeypatch):
    assert told(settings, monkeypatch, "127.0.0.1", "192.0.2.7", "") == "API from 192.0.2.7"
    assert told(settings, monkeypatch, "192.0.2.1", "192.0.2.7", "") == "API from 192.0.2.1"
