"""What is a moment in writing, and what is none."""

import pytest

from bundle import moment


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2013", "2013-01-01T00:00:00"),
        ("2013-11", "2013-11-01T00:00:00"),
        ("2013/1/3", "2013-01-03T00:00:00"),
        ("20131103", "2013-11-03T00:00:00"),
        ("2013-11-03 5:07", "2013-11-03T05:07:00"),
        ("2013-11-03T17:07:00,5Z", "2013-11-03T17:07:00.500000+00:00"),
        ("2013.11.03 17 -0530", "2013-11-03T17:00:00-05:30"),
    ],
)
def test_a_moment_is_read(text, meant):
    assert moment.parse(text).isoformat() == meant


@pytest.mark.parametrize(
    "text",
    ["", "13-11-03", "2013-1103", "2013-11/03", "2013-11T17:07", "2013-11-03T17:7", "2013-11-03T17:07\n", "2013-02-30"],
)
def test_what_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"expected a time in ISO 8601, such as|day is out of range"):
        moment.parse(text)
