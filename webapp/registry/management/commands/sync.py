"""``manage.py sync``: register what is published."""

from typing import Any

from django.core.management.base import BaseCommand

from webapp.registry import published


class Command(BaseCommand):
    """Read every published version's manifest, and record those that are new."""

    help = "Register the versions that are published and not registered yet."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Say what was found."""
        found = published.sync()
        for version in found.new:
            self.stdout.write(f"{version}: registered as a candidate, verdict {version.verdict}, by {version.made_by}")
        for version in found.broken:
            self.stdout.write(f"{version}: broken. {version.fault}")
        if not found.new and not found.broken:
            self.stdout.write("Nothing new is published.")
