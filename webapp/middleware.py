"""What holds for every answer: what a page may load, and which methods there are."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed

Answer = Callable[[HttpRequest], HttpResponseBase]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
DOCUMENTATION = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""The API's pages are drawn by libraries that carry their style along."""
PAGES = ("GET", "HEAD", "POST")
"""The methods of everything but the API, which says for each path what it takes."""


def content_security_policy(get_response: Answer) -> Answer:
    """Let a page load nothing but what comes from here, unless its view has said something of its own."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        policy = DOCUMENTATION if request.path_info.startswith("/api/") else POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return answer


def known_methods(get_response: Answer) -> Answer:
    """Refuse the methods that no page has, before any page is asked."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.method in PAGES or request.path_info.startswith("/api/"):
            return get_response(request)
        return HttpResponseNotAllowed(PAGES)

    return answer
