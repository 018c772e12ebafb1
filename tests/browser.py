"""A real browser: the machine's own Chromium, without a window."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip


OWN = "a pass phrase of my own"


class Watched:
    """A page with all that it complained of: scripts that were stopped, files that did not come, dialogs."""

    def __init__(self, page) -> None:
        self.page, self.complaints = page, []
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._dialog)

    def _dialog(self, dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@contextmanager
def opened(width: int = 1280) -> Iterator[Watched]:
    """An empty page."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"one of {', '.join(NAMES)} must be installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield Watched(browser.new_page(viewport={"width": width, "height": 900}))
        finally:
            browser.close()


def log_in(page, server):
    """Log in with the password that was shown once, and choose another."""
    page.goto(server.url)
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(server.password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Old password").fill(server.password)
    page.get_by_label("New password", exact=False).first.fill(OWN)
    page.get_by_label("New password confirmation").fill(OWN)
    page.get_by_role("button", name="Change my password").click()
