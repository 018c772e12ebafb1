"""The pages of tokens: each person makes and revokes their own, administrators those of everybody.

A token for the API acts as its owner, so nobody makes one for somebody else here, not even an administrator: they
could approve by it what they made themselves.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache

from webapp.access.models import DAYS, DAYS_HELD, MOST_DAYS, Purpose, Token
from webapp.registry.admin import ReadOnly, badge


class TokenForm(forms.ModelForm):  # type: ignore[type-arg] # Django's own class takes no argument when it runs
    """What a new token is to be; ``maker`` is who asks for it."""

    days = forms.IntegerField(
        label="Good for (days)", initial=DAYS, validators=DAYS_HELD, help_text=f"At most {MOST_DAYS}."
    )

    class Meta:
        model = Token
        fields = ("name", "purpose", "owner")

    def __init__(self, *args: Any, maker: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.maker = maker
        people = get_user_model().objects.filter(is_active=True)
        owner = self.fields["owner"]
        owner.queryset = people if maker.is_superuser else people.filter(pk=maker.pk)  # type: ignore[attr-defined] # it is a choice among rows
        owner.initial = maker.pk
        owner.help_text = "For the API it is yourself: such a token acts as its owner."

    def clean(self) -> dict[str, Any]:
        """Refuse a token by which one person could act as another."""
        told = super().clean() or {}
        if told.get("purpose") == Purpose.API and told.get("owner") not in (None, self.maker):
            self.add_error("owner", "A token for the API must be your own: it acts as its owner.")
        return told


@admin.register(Token)
class TokenAdmin(ReadOnly):
    """Tokens, and the pages that make and revoke them."""

    list_display = ("name", "owner", "opens", "made", "expires", "state")
    list_filter = ("purpose",)
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Token]:
        """A person's own; everybody's for an administrator."""
        tokens: QuerySet[Token] = super().get_queryset(request)
        return tokens if request.user.is_superuser else tokens.filter(owner=request.user.pk)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever may use the pages has tokens of their own."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Likewise: the rows themselves are picked above."""
        return request.user.is_active and (obj is None or request.user.is_superuser or obj.owner_id == request.user.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Likewise."""
        return self.has_view_permission(request)

    @admin.display(ordering="purpose", description="opens")
    def opens(self, token: Token) -> str:
        """What it is for."""
        return Purpose(token.purpose).label

    @admin.display(ordering="made_at")
    def made(self, token: Token) -> str:
        """To the minute."""
        return _minute(token.made_at)

    @admin.display(ordering="expires_at")
    def expires(self, token: Token) -> str:
        """Likewise."""
        return _minute(token.expires_at)

    @admin.display(description="state")
    def state(self, token: Token) -> SafeString:
        """Whether it still opens something, as a badge."""
        return state_of(token)

    def get_urls(self) -> list[Any]:
        """The page that revokes."""
        revoke = path("<int:pk>/revoke/", self.admin_site.admin_view(self.revoke), name="access_token_revoke")
        return [revoke, *super().get_urls()]

    @method_decorator(never_cache)
    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Ask what the token is to be, make it, and show its secret in the answer: nowhere else, and never again."""
        form = TokenForm(request.POST if request.method == "POST" else None, maker=known(request))
        if request.method == "POST" and form.is_valid():
            told = form.cleaned_data
            token, secret = Token.make(
                owner=told["owner"],
                purpose=Purpose(told["purpose"]),
                name=told["name"],
                days=told["days"],
                by=request.user.get_username(),
            )
            self.log_addition(request, token, [{"added": {}}])
            return self.page(request, "access/made.html", title=token.name, token=token, secret=secret)
        status = 400 if form.is_bound else 200
        return self.page(request, "access/make.html", title="Make a token", form=form, status=status)

    def show(self, request: HttpRequest, token: Token) -> HttpResponse:
        """What is known of the token."""
        return self.page(request, "access/token.html", title=token.name, token=token, badge=state_of(token))

    def revoke(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Ask whether to revoke it, then do."""
        token: Token = self.seen(request, pk)
        if request.method != "POST":
            return self.page(request, "access/revoke.html", title=f"Revoke {token}", token=token)
        if token.revoked_at is None:
            token.revoke(by=request.user.get_username())
            self.log_change(request, token, "Revoked.")
        messages.success(request, f"{token} is revoked.")
        return redirect("admin:access_token_change", token.pk)


def _minute(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%d %b %Y, %H:%M")


def known(request: HttpRequest) -> User:
    """Who asks: the pages are for nobody who is not logged in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def state_of(token: Token) -> SafeString:
    """Whether the token still opens something."""
    if token.revoked_at:
        return badge("revoked")
    if token.expires_at <= timezone.now():
        return badge("expired")
    return badge("valid" if token.owner.is_active else "owner is not active")
