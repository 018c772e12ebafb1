"""What the API shows of models, versions and decisions, and what it takes for a decision."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.registry.decisions import LONGEST_REASON
from webapp.registry.models import Decision, Model, Version
from webapp.registry.production import past


class ModelSerializer(serializers.ModelSerializer[Model]):
    """A model and the version of it that is in production."""

    live = serializers.SerializerMethodField()
    versions = serializers.SerializerMethodField()

    class Meta:
        model = Model
        fields = ("name", "live", "versions")

    def get_live(self, model: Model) -> int | None:
        """The number of the live version, if there is one."""
        return model.live.number if model.live else None

    def get_versions(self, model: Model) -> list[int]:
        """Every version's number."""
        return sorted(version.number for version in model.versions.all())


class FigureSerializer(serializers.Serializer[Any]):
    """A metric with its interval."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class VersionSerializer(serializers.ModelSerializer[Version]):
    """A version as the lists show it."""

    model = serializers.CharField(source="model.name")
    title = serializers.SerializerMethodField()
    metrics = serializers.SerializerMethodField()

    class Meta:
        model = Version
        fields: tuple[str, ...] = (
            "model",
            "number",
            "state",
            "verdict",
            "title",
            "made_at",
            "made_by",
            "registered_at",
            "digest",
            "fault",
            "metrics",
        )

    def get_title(self, version: Version) -> str:
        """The question that the model answers."""
        return str(version.manifest.get("title", ""))

    @extend_schema_field(serializers.DictField(child=FigureSerializer()))
    def get_metrics(self, version: Version) -> Any:
        """Each metric on the test set, with its interval."""
        return version.manifest.get("metrics", {})


class EvidenceSerializer(VersionSerializer):
    """A version with all that its manifest says."""

    class Meta(VersionSerializer.Meta):
        fields = (*VersionSerializer.Meta.fields, "manifest")


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    """A line of the audit trail."""

    model = serializers.CharField(source="version.model.name")
    version = serializers.IntegerField(source="version.number")

    class Meta:
        model = Decision
        fields = (
            "sequence",
            "verb",
            "outcome",
            "model",
            "version",
            "digest",
            "actor",
            "reason",
            "detail",
            "at",
            "source",
            "previous",
            "hash",
        )


class ReasonSerializer(serializers.Serializer[Any]):
    """Why it is decided."""

    reason = serializers.CharField(max_length=LONGEST_REASON)


class DetailSerializer(serializers.Serializer[Any]):
    """Why not."""

    detail = serializers.CharField()


class MomentSerializer(serializers.Serializer[Any]):
    """The moment that is asked about."""

    at = serializers.DateTimeField(
        required=False, validators=[past], help_text="A moment in ISO 8601; now, where it is not given."
    )


class InProductionSerializer(serializers.Serializer[Any]):
    """What was in production at a moment; nothing, where ``version`` is null."""

    at = serializers.DateTimeField()
    version = serializers.IntegerField(source="period.version.number", default=None, allow_null=True)
    digest = serializers.CharField(source="period.version.digest", default=None, allow_null=True)
    decision = DecisionSerializer(source="period.began", default=None, allow_null=True)
