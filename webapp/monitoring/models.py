"""Models as monitoring sees them: rows of the registry, with a permission of their own."""

from webapp.registry.models import Model


class Monitored(Model):
    """A model, with what became of its predictions."""

    class Meta:
        proxy = True
        verbose_name = "monitored model"
        verbose_name_plural = "monitoring"
        default_permissions = ("view",)
        permissions = (("request_run", "Can request a new run of the pipeline"),)
