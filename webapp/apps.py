"""The web application as Django sees it."""

from django.apps import AppConfig


class WebApp(AppConfig):
    """Templates that all pages share, and the checks of the deployment."""

    name = "webapp"

    def ready(self) -> None:
        """Make the checks known."""
        from webapp import checks  # noqa: F401
