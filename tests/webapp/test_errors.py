"""What a program and a person are told where the server can't answer."""

import pytest
from django.db import DataError, InterfaceError, OperationalError, connection
from django.test import Client

TOLD = "The database does not answer. Try again in a moment; predictions go on."


def ask(path, fault, **cookies):
    """The answer while every query fails in a way."""

    def fail(*query):
        raise fault("server closed the connection unexpectedly")

    client = Client(raise_request_exception=False)
    client.cookies.load(cookies)
    with connection.execute_wrapper(fail):
        return client.get(path, headers={"Authorization": "Token 0123"})


@pytest.mark.parametrize("fault", [OperationalError, InterfaceError])
def test_case_51_a_program_while_the_database_is_away(db, fault):
    response = ask("/api/v1/models/", fault)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "10"
    assert response.json() == {"detail": TOLD}


def test_case_51_a_person_while_the_database_is_away(db):
    response = ask("/admin/registry/version/", OperationalError, sessionid="x" * 32)
    assert response.status_code == 503
    assert TOLD in response.content.decode()


def test_another_fault_is_ours(db):
    response = ask("/api/v1/models/", DataError)
    assert response.status_code == 500
    assert response.json() == {"detail": "The server has a fault; it is in the log."}
