"""Which of our paths a request means. Percent-encoding is decoded once, after the path is taken apart."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

ONE_MODEL = r"/models/(?P<name>[^/:]+)"
VERSION = r"/versions/(?P<version>[0-9]{1,18})"
LABEL = r"/labels/(?P<label>[^/:]+)"
V1 = re.compile(rf"/v1{ONE_MODEL}(?:{VERSION}|{LABEL})?(?P<verb>/metadata|:predict)?", re.IGNORECASE)
V2 = re.compile(rf"/v2{ONE_MODEL}(?:{VERSION})?(?P<verb>/ready|/infer)?")
NAMED = re.compile(r"/(?P<verb>predict|outcomes)/(?P<name>[^/:]+)")
GENERAL = {
    "/v1/models": "v1 models",
    "/v2": "v2 server",
    "/v2/health/live": "live",
    "/v2/health/ready": "ready",
    "/metrics": "metrics",
}
OURS = re.compile(r"/(?:v1|v2|predict|outcomes|metrics)(?:/|$)", re.IGNORECASE)
VERBS = {
    "": "v1 status",
    "/metadata": "v1 metadata",
    ":predict": "v1 predict",
}
VERBS_NAMED = {"predict": "records predict", "outcomes": "outcomes"}
VERBS_2 = {"": "v2 metadata", "/ready": "v2 ready", "/infer": "v2 infer"}


@dataclass(frozen=True)
class Route:
    """What a path means: a verb, and the model and version that it is about. Without a verb it means nothing."""

    verb: str
    name: str = ""
    version: int | None = None
    label: str | None = None

    @property
    def protocol(self) -> str:
        """The form of the request: v1, v2 or records."""
        return self.verb.partition(" ")[0]


@lru_cache(maxsize=1024)
def find(path: bytes) -> Route | None:
    """The route of a raw path, or None where the path is not ours."""
    text = path.decode("latin-1")
    if not OURS.match(text):
        return None
    general = text.lower() if text[:4].lower() == "/v1/" else text
    if general in GENERAL:
        return Route(GENERAL[general])
    for pattern, verbs in ((V1, VERBS), (V2, VERBS_2)):
        if match := pattern.fullmatch(text):
            parts = match.groupdict()
            version, label = parts.get("version"), parts.get("label")
            return Route(
                verbs[(parts["verb"] or "").lower()],
                unquote(parts["name"]),
                int(version) if version else None,
                unquote(label) if label else None,
            )
    if match := NAMED.fullmatch(text):
        return Route(VERBS_NAMED[match["verb"]], unquote(match["name"]))
    return Route("")
