"""Models as monitoring sees them, and which group may look at them or ask for a run."""

from typing import Any

from django.db import migrations

MAY = {"view_monitored": "Can view monitored model", "request_run": "Can request a new run of the pipeline"}
GROUPS = {"viewer": ("view_monitored",), "trainer": tuple(MAY), "approver": tuple(MAY)}


def grant(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001 - as Django calls it
    """Make the permissions, which Django itself would make only after the last migration, and grant them."""
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="monitoring", model="monitored"
    )
    permissions = apps.get_model("auth", "Permission").objects
    made = {
        codename: permissions.get_or_create(content_type=content_type, codename=codename, defaults={"name": name})[0]
        for codename, name in MAY.items()
    }
    for name, codenames in GROUPS.items():
        group = apps.get_model("auth", "Group").objects.get(name=name)
        group.permissions.add(*(made[codename] for codename in codenames))


class Migration(migrations.Migration):
    initial = True
    dependencies = [("registry", "0002_groups")]
    operations = [
        migrations.CreateModel(
            name="Monitored",
            fields=[],
            options={
                "verbose_name": "monitored model",
                "verbose_name_plural": "monitoring",
                "permissions": (("request_run", "Can request a new run of the pipeline"),),
                "proxy": True,
                "default_permissions": ("view",),
                "indexes": [],
                "constraints": [],
            },
            bases=("registry.model",),
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
