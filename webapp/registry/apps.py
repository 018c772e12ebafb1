"""The registry as Django sees it."""

from django.apps import AppConfig


class Registry(AppConfig):
    """Models, versions and decisions."""

    name = "webapp.registry"
    verbose_name = "Models"
