"""The groups and what each may do, and the row that holds the end of the audit trail."""

from typing import Any

from django.db import migrations

VIEW = ("view_model", "view_version", "view_decision")
DECIDE = {
    "approve_version": "Can approve a version",
    "reject_version": "Can reject a version",
    "retire_version": "Can retire a version",
    "roll_back_version": "Can roll back to a version",
}
GROUPS = {"viewer": VIEW, "trainer": VIEW, "approver": (*VIEW, *DECIDE)}


def make(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001 - as Django calls it
    """Make the groups with their permissions, which Django itself would make only after the last migration."""
    content_types = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    made = {}
    for codename in (*VIEW, *DECIDE):
        about = codename.rpartition("_")[2]
        content_type, _ = content_types.get_or_create(app_label="registry", model=about)
        name = DECIDE.get(codename, f"Can view {about}")
        made[codename], _ = permissions.get_or_create(
            content_type=content_type, codename=codename, defaults={"name": name}
        )
    for name, codenames in GROUPS.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.add(*(made[codename] for codename in codenames))
    apps.get_model("registry", "AuditHead").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0001_tables"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
