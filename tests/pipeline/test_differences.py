"""Two nested values are told apart by the path to each part."""

from pipeline.differences import changed, flat


def test_it_works():
    before = {"split": {"test": "a", "time": "at"}, "requirements": [{"min": 1}], "columns": ["a"]}
    after = {"split": {"test": "b", "time": "at"}, "requirements": [{"min": 2}], "columns": ["a", "b"], "new": 1}
    assert changed(flat(before), flat(after)) == {
        "columns": (["a"], ["a", "b"]),
        "new": (None, 1),
        "requirements[0].min": (1, 2),
        "split.test": ("a", "b"),
    }


def test_a_nested_value_has_a_name_for_each_part():
    nested = {"a": {"b": 1, "c": [1, 2]}, "d": [{"e": None}, {"e": 2}], "f": {}}
    assert flat(nested) == {"a.b": 1, "a.c": [1, 2], "d[0].e": None, "d[1].e": 2}
