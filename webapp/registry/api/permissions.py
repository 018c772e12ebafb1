"""Who may read: nobody, unless a view says otherwise. Who may decide is for the verbs themselves to say."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission, DjangoModelPermissions
from rest_framework.request import Request

if TYPE_CHECKING:  # which asks for this module in its turn
    from rest_framework.views import APIView


class Nobody(BasePermission):
    """The default: a view that names no permission is closed."""

    def has_permission(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002
        """No."""
        return False


class MayView(DjangoModelPermissions):
    """Those who have the permission to view what the view is about."""

    perms_map = {  # noqa: RUF012 - as the base class has it
        method: ["%(app_label)s.view_%(model_name)s"] for method in DjangoModelPermissions.perms_map
    }
