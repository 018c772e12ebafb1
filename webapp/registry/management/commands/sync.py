"""``manage.py sync``: register what is published, and tell what was decided."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.registry import published, told


class Command(BaseCommand):
    """Record every published version that is new, and complete the files that tell of decisions."""

    help = (
        "Register the versions that are published and not registered yet, and tell what was decided in data/decisions/."
    )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Say what was found.

        Raises:
            CommandError: a file of decisions tells of others.
        """
        found = published.sync()
        for version in found.new:
            self.stdout.write(f"{version}: registered as a candidate, verdict {version.verdict}, by {version.made_by}")
        for version in found.broken:
            self.stdout.write(f"{version}: broken. {version.fault}")
        if not found.new and not found.broken:
            self.stdout.write("Nothing new is published.")
        try:
            told.tell_all()
        except told.OtherDecisions as fault:
            raise CommandError(str(fault)) from None
