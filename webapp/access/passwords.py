"""A password that was made for somebody is good for one thing: to log in and choose another."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from webapp.access.models import OneTimePassword
from webapp.errors import is_api

Answer = Callable[[HttpRequest], HttpResponseBase]
MUST_CHANGE = "Your password was made for you: choose one of your own at /admin/password_change/ first."


def must_change(get_response: Answer) -> Answer:
    """Lead whoever has such a password to the page that changes it, and nowhere else."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        change = reverse("admin:password_change")
        if request.path_info in (change, reverse("admin:logout")) or not _has_one(request):
            return get_response(request)
        if is_api(request):
            return JsonResponse({"detail": MUST_CHANGE}, status=403)
        messages.info(request, "Your password was made for you: choose one of your own first.")
        return redirect(change)

    return answer


class Another:
    """Among the rules for passwords: the new one is not the one that was made."""

    def validate(self, password: str, user: AbstractUser | None = None) -> None:
        """Refuse the same password.

        Raises:
            ValidationError: it is.
        """
        if user is not None and user.pk and user.check_password(password) and _of(user).exists():
            raise ValidationError("Choose another password than the one that was made for you.")

    def password_changed(self, password: str, user: AbstractUser | None = None) -> None:  # noqa: ARG002
        """It is their own now."""
        if user is not None:
            _of(user).delete()

    def get_help_text(self) -> str:
        """What the page says of it."""
        return "Your password can't be one that was made for you."


def _has_one(request: HttpRequest) -> bool:
    return request.user.is_authenticated and _of(request.user).exists()


def _of(user: AbstractUser) -> QuerySet[OneTimePassword]:
    return OneTimePassword.objects.filter(person=user.pk)
