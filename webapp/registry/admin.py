"""The registry for people: the evidence of each version, the decisions, and what was in production when.

Nothing is added, changed or deleted here. What happens to a version happens by a verb, on a page of its own that asks
for the reason; these pages work without JavaScript.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from bundle.figure import shown
from webapp.registry import charts, decisions, evaluation, evidence, production
from webapp.registry.deployed import deployed
from webapp.registry.models import REPORT, Decision, Model, State, Verb, Version
from webapp.registry.source import source_of

LABELS = {
    Verb.APPROVE: "Approve",
    Verb.REJECT: "Reject",
    Verb.RETIRE: "Retire",
    Verb.ROLL_BACK: "Roll back",
}
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; form-action 'none'; frame-ancestors 'none'"
)

admin.site.site_header = admin.site.site_title = "Plumbline"
admin.site.index_title = "What there is"
admin.site.enable_nav_sidebar = False
admin.site.site_url = None


class ReasonForm(forms.Form):
    """Why it is decided."""

    reason = forms.CharField(
        max_length=decisions.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 4, "autofocus": True, "aria-describedby": "reason-help"}),
    )


class MomentForm(forms.Form):
    """The moment that is asked about, in the server's time zone."""

    at = forms.DateTimeField(
        widget=forms.DateTimeInput(attrs={"placeholder": "2026-11-23 14:00"}), validators=[production.past]
    )


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg] # Django's own class takes no argument when it runs
    """Rows that are looked at."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under the name of what is in it."""
        title = str(self.opts.verbose_name_plural).capitalize()
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """The page of one row."""
        row = self.seen(request, object_id)
        if request.method == "POST":
            raise PermissionDenied
        return self.show(request, row)

    def show(self, request: HttpRequest, row: Any) -> HttpResponse:
        """What there is to see of the row: Django's own page, where nothing better is made of it."""
        return super().change_view(request, str(row.pk))

    def seen(self, request: HttpRequest, object_id: str | int) -> Any:
        """The row, for somebody who may see it.

        Raises:
            PermissionDenied: not this person.
            Http404: there is none.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_object(request, str(object_id))
        if found is None:
            raise Http404
        return found

    def page(self, request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> TemplateResponse:
        """One of our own pages in the admin's frame."""
        frame = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, template, frame, status=status)


@admin.register(Version)
class VersionAdmin(ReadOnly):
    """Versions, and the pages on which they are decided about."""

    list_display = ("version", "state_badge", "verdict_badge", "metrics", "made")
    list_filter = ("state", "verdict", "model")
    search_fields = ("model__name", "made_by")
    ordering = ("model__name", "-number")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        """Versions, each with the live one of its model at hand."""
        live = Prefetch("model__versions", Version.objects.filter(state=State.LIVE), to_attr="in_production")
        return super().get_queryset(request).select_related("model").prefetch_related(live)

    @admin.display(ordering="number")
    def version(self, version: Version) -> SafeString:
        """Its name and number."""
        return format_html("{} <b>{}</b>", version.model.name, version.number)

    @admin.display(description="state", ordering="state")
    def state_badge(self, version: Version) -> SafeString:
        """The state, as a badge."""
        return badge(version.state)

    @admin.display(description="verdict", ordering="verdict")
    def verdict_badge(self, version: Version) -> SafeString:
        """The verdict, as a badge."""
        return badge(version.verdict) if version.verdict else SafeString("–")  # noqa: RUF001 - a dash for none

    @admin.display(description="key metrics (and how far from the live version's)")
    def metrics(self, version: Version) -> SafeString:
        """The metrics that the requirements speak of."""
        return format_html_join(
            "",
            '<span class="metric"><span>{}</span> <b>{}</b>{}</span>',
            (
                (one.metric, one.here.shown, difference(one.difference))
                for one in evidence.key_metrics(version, live_beside(version))
            ),
        )

    @admin.display(ordering="made_at")
    def made(self, version: Version) -> SafeString:
        """When and by whom."""
        when = timezone.localtime(version.made_at).strftime("%d %b %Y, %H:%M") if version.made_at else ""
        return format_html('{} <span class="by">{}</span>', when, version.made_by)

    def get_urls(self) -> list[Any]:
        """A page for each verb, and the report."""
        wrap = self.admin_site.admin_view
        verbs = [
            path(f"<int:pk>/{verb.replace('_', '-')}/", wrap(self._page_of(verb)), name=f"registry_version_{verb}")
            for verb in decisions.VERBS
        ]
        return [
            *verbs,
            path("<int:pk>/report/", wrap(self.report), name="registry_version_report"),
            *super().get_urls(),
        ]

    def show(self, request: HttpRequest, version: Version) -> HttpResponse:
        """The evidence."""
        described, live = version.described, live_beside(version)
        live = live if live and live.pk != version.pk else None
        measured = evaluation.read(version)
        return self.page(
            request,
            "registry/evidence.html",
            title=str(version),
            version=version,
            described=described,
            live=live,
            badges=[badge(version.state), *([badge(version.verdict)] if version.verdict else [])],
            uncompared=evidence.uncompared(described),
            judged_beside_another=evidence.beside_another(described, live),
            clauses=evidence.clause_rows(described.verdict.clauses) if described else [],
            comparisons=[
                (one, evidence.limits(one.here.low, one.here.high), difference(one.difference))
                for one in evidence.comparisons(version, live)
            ],
            charts=charts.charts(measured, evaluation.read(live) if live else evaluation.Measured()),
            labels=measured.confusion if isinstance(measured.confusion, evaluation.Labels) else None,
            slices=evaluation.slices(measured, described.verdict.clauses) if described else [],
            time_line=evidence.time_line(described) if described else [],
            steps=[(step, evidence.rows(step)) for step in described.lineage] if described else [],
            verbs=[(LABELS[verb], verb_url(version, verb), verb) for verb in decisions.offered(request.user, version)],
            made_it=version.made_by.casefold() == request.user.get_username().casefold(),
            falls_short=bool(version.verdict) and version.verdict != decisions.APPROVABLE,
            report=bool(described and REPORT in described.files),
            deployed=deployed(version),
            history=version.decisions.order_by("-sequence"),
        )

    def report(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The report as it was published, where it may load nothing and run nothing."""
        version: Version = self.seen(request, pk)
        content = version.published(REPORT)
        if content is None:
            raise Http404
        return HttpResponse(content, headers={"Content-Security-Policy": REPORT_POLICY})

    def decide(self, request: HttpRequest, pk: int, verb: Verb) -> HttpResponseBase:
        """Ask for the reason, then do it; what is refused is said on the same page."""
        version: Version = self.seen(request, pk)
        if request.method != "POST":
            if not decisions.may(request.user, verb):
                raise PermissionDenied
            return self._ask(request, version, verb, ReasonForm())
        reason = request.POST.get("reason", "")
        source = source_of(request, "admin")
        try:
            decisions.VERBS[verb](version=version, actor=request.user, reason=reason, source=source)
        except decisions.Refused as refused:
            form = ReasonForm(request.POST if reason.strip() else None)
            return self._ask(request, version, verb, form, refused)
        messages.success(request, f"{version} is {version.state} now.")
        return redirect("admin:registry_version_change", version.pk)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list; a verb that is asked of it by somebody who may not is refused as on the verb's own page."""
        wanted = request.POST.get("action", "").removeprefix("act_")
        if wanted in decisions.VERBS and not decisions.may(request.user, Verb(wanted)):
            for pk in request.POST.getlist("_selected_action"):
                version = self.seen(request, pk)
                refusal = decisions.NotAllowed(f"You must have the permission {wanted}_version to do this.")
                decisions.refuse(
                    verb=Verb(wanted),
                    version=version,
                    actor=request.user,
                    source=source_of(request, "admin"),
                    reason="",
                    refusal=refusal,
                )
            raise PermissionDenied
        return super().changelist_view(request, extra_context)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The verbs that the person may use, each leading to its page."""
        return {
            f"act_{verb}": (_leading_to(verb), f"act_{verb}", f"{LABELS[verb]} the selected version")
            for verb in decisions.VERBS
            if decisions.may(request.user, verb)
        }

    def _page_of(self, verb: Verb) -> Callable[..., HttpResponseBase]:
        def page(request: HttpRequest, pk: int) -> HttpResponseBase:
            return self.decide(request, pk, verb)

        return page

    def _ask(
        self,
        request: HttpRequest,
        version: Version,
        verb: Verb,
        form: ReasonForm,
        refused: decisions.Refused | None = None,
    ) -> TemplateResponse:
        live = live_beside(version)
        return self.page(
            request,
            "registry/confirm.html",
            status=refused.status if refused else 200,
            title=f"{LABELS[verb]} {version}",
            version=version,
            described=version.described,
            live=live if live and live.pk != version.pk else None,
            verb=verb,
            label=LABELS[verb],
            form=form,
            refused=refused,
            badges=[badge(version.state), *([badge(version.verdict)] if version.verdict else [])],
            comparisons=[
                (one, evidence.limits(one.here.low, one.here.high), difference(one.difference))
                for one in evidence.key_metrics(version, live)
            ],
            uncompared=evidence.uncompared(version.described),
            waived=evidence.waived(version),
        )


@admin.register(Model)
class ModelAdmin(ReadOnly):
    """Models, and what was in production when."""

    list_display = ("name", "in_production", "versions")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Models with their versions at hand."""
        return super().get_queryset(request).prefetch_related("versions")

    @admin.display(description="in production")
    def in_production(self, model: Model) -> SafeString:
        """The live version."""
        if model.live is None:
            return SafeString('<span class="by">nothing</span>')
        return format_html("version <b>{}</b>", model.live.number)

    def versions(self, model: Model) -> int:
        """How many there are."""
        return len(model.versions.all())

    def show(self, request: HttpRequest, model: Model) -> HttpResponse:
        """Every time in which a version was live, and the answer to "what was it on that day?"."""
        form = MomentForm(request.GET if "at" in request.GET else None)
        moment = form.cleaned_data["at"] if form.is_bound and form.is_valid() else None
        periods = production.periods(model.name)
        return self.page(
            request,
            "registry/production.html",
            title=model.name,
            model=model,
            form=form,
            moment=moment,
            answer=production.live_at(model.name, moment) if moment else None,
            periods=reversed(periods),
            versions=[(version, badge(version.state)) for version in model.versions.order_by("-number")],
        )


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    """The audit trail."""

    list_display = ("sequence", "when", "actor", "verb", "version", "outcome_badge", "why", "source")
    list_filter = ("verb", "outcome")
    list_select_related = ("version__model",)
    search_fields = ("actor", "reason", "detail", "version__model__name")
    ordering = ("-sequence",)

    @admin.display(ordering="at")
    def when(self, decision: Decision) -> str:
        """To the second."""
        return timezone.localtime(decision.at).strftime("%d %b %Y, %H:%M:%S")

    @admin.display(description="outcome")
    def outcome_badge(self, decision: Decision) -> SafeString:
        """Done or refused, as a badge."""
        return badge(decision.outcome)

    @admin.display(description="reason")
    def why(self, decision: Decision) -> SafeString:
        """The reason that was given, and why it was refused if it was."""
        return format_html('{} <span class="by">{}</span>', decision.reason, decision.detail)


def badge(word: str) -> SafeString:
    """A word in a coloured box."""
    return format_html('<span class="badge {}">{}</span>', evidence.tone(word), word)


def difference(number: float | None) -> SafeString:
    """How far from the live version's figure."""
    return SafeString("") if number is None else format_html(' <span class="by">{}</span>', shown(number, sign="+"))


def live_beside(version: Version) -> Version | None:
    """The live version of the same model."""
    found: list[Version] = version.model.in_production  # type: ignore[attr-defined] # prefetched with the version
    return found[0] if found else None


def verb_url(version: Version, verb: Verb) -> str:
    """The page of the verb for the version."""
    return reverse(f"admin:registry_version_{verb}", args=[version.pk])


def _leading_to(verb: Verb) -> Callable[..., HttpResponseBase | None]:
    def lead(_: VersionAdmin, request: HttpRequest, selected: QuerySet[Version]) -> HttpResponseBase | None:
        if selected.count() != 1:
            messages.error(request, "Select one version: every decision has a reason of its own.")
            return None
        return redirect(verb_url(selected.get(), verb))

    return lead
