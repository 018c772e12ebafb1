"""Monitoring as Django sees it."""

from django.apps import AppConfig


class Monitoring(AppConfig):
    """What became of the models that are live, and requests for a new run."""

    name = "webapp.monitoring"
