"""Golden rows as a file."""

import json

from bundle import golden
from bundle.golden import Golden

ROWS = ({"carrier": "UA", "distance": 1.5}, {"carrier": None, "distance": 2.0})
ANSWERS = {"probability": (0.25, 0.5)}


def test_it_works(tmp_path):
    kept = Golden(rows=ROWS, answers=ANSWERS, tolerance=1e-5)
    kept.write(tmp_path)
    told = json.loads((tmp_path / golden.NAME).read_text())
    assert told["rows"] == {"carrier": ["UA", None], "distance": [1.5, 2.0]}
    assert golden.read(tmp_path) == kept


def test_a_file_that_has_them_row_by_row_is_read_too(tmp_path):
    (tmp_path / "assets.extra").mkdir()
    told = {"rows": ROWS, "answers": ANSWERS, "tolerance": 1e-5}
    (tmp_path / golden.NAME).write_text(json.dumps(told))
    assert golden.read(tmp_path).rows == ROWS


def test_a_value_that_a_row_does_not_give_is_missing(tmp_path):
    Golden(rows=({"carrier": "UA"}, {"distance": 2.0}), answers=ANSWERS, tolerance=1e-5).write(tmp_path)
    assert golden.read(tmp_path).rows == ({"carrier": "UA", "distance": None}, {"carrier": None, "distance": 2.0})
