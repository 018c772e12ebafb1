"""Access as Django sees it."""

from django.apps import AppConfig
from django.contrib.auth import get_user_model
from django.db.models.signals import post_save


class Access(AppConfig):
    """Tokens and passwords."""

    name = "webapp.access"
    verbose_name = "Access"

    def ready(self) -> None:
        """Let serving know of people who are dismissed or come back."""
        from webapp.access import models

        post_save.connect(models.on_change_of_person, sender=get_user_model(), dispatch_uid="plumbline tokens")
