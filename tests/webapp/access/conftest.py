"""The same people, browsers and programs that the registry's tests have."""

from tests.webapp.registry.conftest import ada, browser, program, root, shelf, tom, unthrottled, vera  # noqa: F401 - they are asked for by name
