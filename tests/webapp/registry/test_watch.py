"""What is published while the server runs is registered without anybody's doing."""

import pytest
from django.db import DatabaseError, InterfaceError

from webapp.registry import published, watch
from webapp.registry.models import Version


def test_it_works(shelf):
    seen = watch.look(None)
    assert Version.objects.count() == 0
    shelf.publish(1)
    seen = watch.look(seen)
    assert [version.number for version in Version.objects.all()] == [1]
    shelf.publish(2)
    watch.look(seen)
    assert Version.objects.count() == 2


def test_while_nothing_changes_the_database_is_left_alone(shelf, django_assert_num_queries):
    shelf.publish(1)
    seen = watch.look(None)
    with django_assert_num_queries(0):
        assert watch.look(seen) == seen


@pytest.mark.parametrize("fault", [DatabaseError("no connection"), InterfaceError("closed"), OSError("stale handle")])
def test_whatever_fails_the_watch_goes_on_and_tries_again(shelf, monkeypatch, fault):
    shelf.publish(1)

    def down():
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr(published, "sync", down)
        assert watch.look(None) is None
    assert watch.look(None)
    assert Version.objects.count() == 1
