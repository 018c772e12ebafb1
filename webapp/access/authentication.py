"""How a program says on whose behalf it asks: ``Authorization: Bearer <token>``."""

from typing import Any

from django.contrib.auth.models import AbstractUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from webapp.access.models import Purpose, Token
from webapp.predict_tokens import digest_of

SCHEMES = ("bearer", "token")


class TokenAuthentication(BaseAuthentication):
    """By a token for the API. What was wrong is told to those alone who have a secret that was once good."""

    def authenticate(self, request: Request) -> tuple[AbstractUser, Token] | None:
        """The owner of the token that came; None where none did.

        Raises:
            AuthenticationFailed: the token is unknown, revoked, expired, for predictions, or its owner is not active.
        """
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in SCHEMES:
            return None
        token = Token.objects.select_related("owner").filter(digest=digest_of(secret.strip())).first()
        if token is None:
            raise AuthenticationFailed("This token is not known.")
        if token.fault:
            raise AuthenticationFailed(token.fault)
        if token.purpose != Purpose.API:
            raise AuthenticationFailed("This token is for predictions, and the API wants one for the API.")
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """What a client is asked for."""
        return "Bearer"


class Described(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # it has no types
    """The same, for the description of the API."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        """A bearer token."""
        return {"type": "http", "scheme": "bearer"}
