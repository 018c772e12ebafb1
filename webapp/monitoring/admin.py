"""Monitoring for people: how each model's days went, the report of each day, and a way to ask for a new run."""

from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from bundle.monitoring import DayReport
from webapp.monitoring import found, pictures, runs
from webapp.monitoring.models import Monitored
from webapp.registry.admin import REPORT_POLICY, ReadOnly, ReasonForm
from webapp.registry.decisions import Refused
from webapp.registry.source import source_of

DAYS = 60
"""As many days as a page shows."""


@admin.register(Monitored)
class MonitoredAdmin(ReadOnly):
    """Models, each with its newest day."""

    list_display = ("name", "newest_day", "said", "rows")
    search_fields = ("name",)

    @admin.display(description="newest day")
    def newest_day(self, model: Monitored) -> str:
        """The day of its newest report."""
        report = found.newest(_data(), model.name)
        return report.day if report else "–"  # noqa: RUF001 - a dash for none

    @admin.display(description="found")
    def said(self, model: Monitored) -> SafeString:
        """What there is to know of that day."""
        return verdict(found.newest(_data(), model.name))

    def rows(self, model: Monitored) -> str:
        """How many rows were answered on it."""
        report = found.newest(_data(), model.name)
        return f"{report.rows:,}" if report else ""

    def get_urls(self) -> list[Any]:
        """The page of each day, and the one that asks for a run."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/days/<str:day>/", wrap(self.day), name="monitoring_monitored_day"),
            path("<int:pk>/request-run/", wrap(self.request_run), name="monitoring_monitored_request_run"),
            *super().get_urls(),
        ]

    def show(self, request: HttpRequest, model: Monitored) -> HttpResponse:
        """How the model's days went."""
        names = found.days(_data(), model.name)[:DAYS]
        days = [report for name in reversed(names) if (report := found.report(_data(), model.name, name))]
        return self.page(
            request,
            "monitoring/days.html",
            title=model.name,
            model=model,
            newest=days[-1] if days else None,
            verdict=verdict(days[-1] if days else None),
            charts=[pictures.answers(days), *pictures.metrics(days)] if days else [],
            map=pictures.drift(days) if days else None,
            days=[(day, pictures.main(day), pictures.required(day), verdict(day)) for day in reversed(days)],
            maintained=found.maintained(_data(), model.name),
            pending=runs.pending(model.name),
            may_request=request.user.has_perm(runs.PERMISSION),
        )

    def day(self, request: HttpRequest, pk: int, day: str) -> HttpResponse:
        """The report of the day as Monitor wrote it, where it may load nothing and run nothing."""
        model: Monitored = self.seen(request, pk)
        try:
            name = date.fromisoformat(day).isoformat()
        except ValueError:
            raise Http404 from None
        page = found.page(_data(), model.name, name)
        if page is None:
            raise Http404
        return HttpResponse(page, headers={"Content-Security-Policy": REPORT_POLICY})

    def request_run(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the reason, then leave the request; what is refused is said on the same page."""
        model: Monitored = self.seen(request, pk)
        form, refused = ReasonForm(request.POST or None), None
        if request.method == "POST":
            reason = request.POST.get("reason", "")
            try:
                runs.request(model=model, actor=request.user, reason=reason, source=source_of(request, "admin"))
            except Refused as refusal:
                refused = refusal
            else:
                messages.success(request, f"A new run of {model.name} is requested.")
                return redirect("admin:monitoring_monitored_change", model.pk)
        elif not request.user.has_perm(runs.PERMISSION):
            raise PermissionDenied
        status = refused.status if refused else 200
        return self.page(
            request,
            "monitoring/request_run.html",
            status=status,
            title=f"Request a run of {model.name}",
            model=model,
            form=form,
            refused=refused,
        )


def verdict(report: DayReport | None) -> SafeString:
    """What there is to know of a day, as badges."""
    if report is None:
        return SafeString('<span class="by">no report yet</span>')
    drifted = sum(one.drifted for version in report.versions for one in version.drift)
    fallen = sum(one.fallen for version in report.versions for one in version.realised)
    if drifted or fallen:
        drifts = badge(f"{drifted} drifted", "bad") if drifted else ""
        return format_html("{} {}", drifts, badge(f"{fallen} fallen", "bad") if fallen else "")
    judged = any(version.drift for version in report.versions)
    return badge("as expected", "good") if judged else badge("too few rows", "quiet")


def badge(words: str, tone: str) -> SafeString:
    """Words in a box of this tone."""
    return format_html('<span class="badge {}">{}</span>', tone, words)


def _data() -> Path:
    return Path(settings.DATA_FOLDER)
