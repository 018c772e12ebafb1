"""``manage.py token``: make a token for somebody, on the machine that serves."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from webapp.access.models import DAYS, LONGEST_NAME, MOST_DAYS, Purpose, Token

MAKER = "manage.py token"


class Command(BaseCommand):
    """Print the secret of a new token, and nothing else, to standard output."""

    help = "Make a token for a person, and print its secret once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the token is to be."""
        parser.add_argument("user", help="whose it is")
        parser.add_argument("--purpose", choices=Purpose.values, required=True, help="what it opens")
        parser.add_argument("--name", type=_name, required=True, help="what it is for")
        parser.add_argument("--days", type=_days, default=DAYS, help=f"how long it is good (default {DAYS})")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Make it.

        Raises:
            CommandError: there is no such person, or they are not active.
        """
        people = get_user_model().objects
        owner = people.filter(username=options["user"]).first()
        if owner is None or not owner.is_active:
            known = ", ".join(people.filter(is_active=True).values_list("username", flat=True)[:20])
            raise CommandError(f"The user must be an active one, got {options['user']!r}. Known are: {known or 'none'}")
        token, secret = Token.make(
            owner=owner,
            purpose=Purpose(options["purpose"]),
            name=options["name"],
            days=options["days"],
            by=MAKER,
        )
        self.stderr.write(f"{token} of {owner} is good until {token.expires_at:%d %B %Y}. It is shown this once:")
        self.stdout.write(secret)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise ArgumentTypeError(f"must be a whole number from 1 to {MOST_DAYS}, got {text!r}")
    return int(text)


def _name(text: str) -> str:
    if not 0 < len(text.strip()) <= LONGEST_NAME:
        raise ArgumentTypeError(f"must be a text of 1 to {LONGEST_NAME} characters, got {len(text.strip())}")
    return text.strip()
