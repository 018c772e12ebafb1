"""What several tests of the pipeline begin with."""

import pytest

from tests.pipeline.history import History


@pytest.fixture
def history(tmp_path):
    """Three versions, of which the second was made from other weather and the third by other settings and is live."""
    made = History(tmp_path / "data")
    made.publish(1)
    made.publish(2, weather="sun", code="other")
    made.decide("approve", 1)
    made.decide("reject", 2, reason="The weather is wrong.")
    made.publish(3, trials=6)
    made.decide("approve", 3, reason="The best so far.")
    return made
