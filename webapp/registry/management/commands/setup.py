"""``manage.py setup``: everything that must be there before the server starts."""

import secrets
import sys
from getpass import getpass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from webapp.access import models as access
from webapp.registry import decisions

NAME = "admin"
PASSWORD_BYTES = 18


class Command(BaseCommand):
    """Make the tables, register what is published, and see to it that there is an administrator."""

    help = "Migrate the database, register what is published, create the first administrator. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Do what is not done yet."""
        call_command("migrate", interactive=False, verbosity=0)
        call_command("sync", stdout=self.stdout)
        access.tell_serving()
        decisions.tell_serving()
        users = get_user_model().objects
        if users.filter(is_superuser=True).exists():
            return
        if sys.stdin.isatty():
            name, password = self._ask()
        else:
            name, password = NAME, secrets.token_urlsafe(PASSWORD_BYTES)
        if users.filter(username=name).exists():
            raise CommandError(f"The administrator must have a name of their own, and there is a user {name} already.")
        with transaction.atomic():
            administrator = users.create_superuser(name, password=password)
            if not sys.stdin.isatty():
                access.OneTimePassword.objects.create(person=administrator)
        self.stdout.write(f"Administrator {name} created.")
        if not sys.stdin.isatty():
            self.stdout.write(f"  password: {password}\n  It is shown this once. Choose another at the first log-in.")

    def _ask(self) -> tuple[str, str]:
        self.stdout.write("The first administrator:")
        name = input(f"  name [{NAME}]: ").strip() or NAME
        while True:
            password = getpass("  password: ")
            try:
                validate_password(password)
            except ValidationError as error:
                self.stdout.write("  " + " ".join(error.messages))
                continue
            if password == getpass("  the same again: "):
                return name, password
            self.stdout.write("  They differ.")
