"""``manage.py verify_audit``: is the audit trail what was written?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.registry import audit


class Command(BaseCommand):
    """Check every line of the audit trail, and that every version is in the state that the lines lead to."""

    help = "Check the audit trail from its first line to its last; exits with 1 at the first that is wrong."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Say how many lines there are.

        Raises:
            CommandError: names the first line that is wrong.
        """
        try:
            count = audit.verify()
        except audit.TamperedTrail as fault:
            raise CommandError(f"The audit trail was tampered with: {fault}", returncode=1) from None
        self.stdout.write(f"The audit trail is whole: {count} lines.")
