"""What is concluded of tables as people leave them: real files, looked at whole."""

import csv
import random
import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bundle import moment
from pipeline import problem
from pipeline.errors import DataError
from pipeline.inference import asking, reading, roles, seen, writing
from pipeline.problem import Source

ROWS = 400


def table(**columns):
    """A column ``y`` of two values that nothing tells, and the given ones."""
    choose = random.Random(0)  # noqa: S311 - rows, not secrets
    return pd.DataFrame({"y": [choose.choice("ab") for _ in range(ROWS)], "x": noise(), **columns})


def noise():
    return np.random.default_rng(1).normal(size=ROWS).round(3)


def find(tmp_path, frame, target="y", task=None, **how):
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False, **how)
    return look(path, target, task)


def look(path, target="y", task=None):
    with reading.opened(Source(path=str(path), columns={})) as opened:
        return roles.infer(opened, target, task)


def cycle(values):
    return [values[number % len(values)] for number in range(ROWS)]


def test_it_works(tmp_path):
    found = find(tmp_path, table(city=cycle(["Rome", "Oslo", "Lima"]), rooms=cycle([1, 2, 3, 4])))
    assert (found.task, found.rows) == ("binary", ROWS)
    assert {one.name: one.kind for one in found.features} == {"x": "number", "city": "category", "rooms": "integer"}


class TestTarget:
    @pytest.mark.parametrize(
        ("values", "task", "target"),
        [
            ([0, 1, 0], "binary", "t"),
            ([1, 2, 2], "binary", "t == 1"),
            ([1234567, 7654321], "binary", "t == 7654321"),
            (["1,5", "1,5", "2,5"], "binary", "t == 2.5"),
            (["No", "Yes"], "binary", "t == 'Yes'"),
            (["True", "False"], "binary", "t == 'True'"),
            (["red", "green", "blue"], "multiclass", "t"),
            ([1, 2, 3], "multiclass", "t"),
            (list(range(40)), "regression", "t"),
            ([1.5, 2.5, 3.5], "regression", "t"),
        ],
    )
    def test_the_task_follows_from_its_values(self, tmp_path, values, task, target):
        found = find(tmp_path, table(t=cycle(values)), "t")
        assert (found.task, found.target) == (task, target)

    def test_a_number_with_some_words_is_an_amount_where_that_is_asked_for(self, tmp_path):
        frame = table(t=[f"{number + 0.5}" for number in range(ROWS - 20)] + ["inf", "unknown"] * 10)
        with pytest.raises(DataError, match="With --task regression those that are no numbers are taken for missing"):
            find(tmp_path, frame, "t")
        found = find(tmp_path, frame, "t", "regression")
        assert (found.task, found.columns["t"].kind) == ("regression", "number")
        assert found.columns["t"].rules == {"unreadable": "missing"}
        assert "20 values are no numbers to compute with" in found.columns["t"].unsure

    def test_the_rarer_of_two_unknown_words_is_yes_and_that_is_said(self, tmp_path):
        found = find(tmp_path, table(income=cycle(["<=50K", "<=50K", ">50K"])), "income")
        assert found.target == "income == '>50K'"
        assert any("yes is taken to be '>50K'" in one for one in found.unsure)

    def test_an_expression_is_one_too(self, tmp_path):
        found = find(tmp_path, table(delay=noise() * 30), "delay > 15")
        assert (found.task, found.target, found.answers) == ("binary", "delay > 15", ["delay"])

    @pytest.mark.parametrize("target", ["sale price", "`sale price`"])
    def test_a_name_with_spaces_is_quoted(self, tmp_path, target):
        found = find(tmp_path, table(**{"sale price": noise()}), target)
        assert (found.target, found.task) == ("`sale price`", "regression")

    def test_a_name_with_a_backtick_must_be_another(self, tmp_path):
        with pytest.raises(DataError, match="'is `it` late' must be renamed"):
            find(tmp_path, table(**{"is `it` late": cycle([0, 1])}), "is `it` late")

    @pytest.mark.parametrize(
        ("target", "task", "expected"),
        [
            ("seconds_between(taken, brought) > 900", "binary", {0: 0, 1: 1, 2: 0}),
            ("days_between(taken, brought) * 24", "regression", {0: 0.25, 1: 0.5, 2: 0.0}),
            ("status in ('late', 'lost')", "binary", {0: 1, 1: 0, 2: 1}),
            ("paid == 'Yes' and `sum due` >= 1000", "binary", {0: 1, 1: 0, 2: 0}),
        ],
    )
    def test_an_expression_may_be_of_anything(self, tmp_path, target, task, expected):
        frame = table(
            taken=cycle(["03/11/2013 10:00", "30/11/2013 10:00"]),
            brought=cycle(["2013-11-03 10:15:00", "2013-11-30T10:30:00Z"]),
            status=cycle(["late", "in time", "lost"]),
            paid=cycle(["Yes", "No", "No"]),
            **{"sum due": cycle(["1,000.50", "12.5"])},
        )
        frame.loc[2, "brought"] = "2013-11-03 10:00:00"
        found = find(tmp_path, frame, target)
        read = pd.read_csv(tmp_path / "table.csv")
        assert (found.task, found.times) == (task, [] if "between" in target else found.times)
        assert asking.told(found, read).head(3).to_dict() == pytest.approx(expected)
        assert problem.parse(tomllib.loads(writing.written(found, "t", "new"))).task == task

    @pytest.mark.parametrize(
        ("target", "why"),
        [
            ("status > 3", "'status' is a category, and '3' is a number"),
            ("cross(status, y)", "must be a comparison for a binary task, or give a number for a regression"),
            ("status == 'Late'", "holds in 0 of 400. Texts stand in it as the table writes them"),
            ("empty > 3", "empty can't: it has no value"),
        ],
    )
    def test_an_expression_that_asks_nothing_is_told(self, tmp_path, target, why):
        with pytest.raises(DataError, match=re.escape(why)):
            find(tmp_path, table(status=cycle(["late", "lost"]), empty=None), target)

    def test_a_target_that_is_no_number_to_compute_with_warns_of_nothing(self, tmp_path, recwarn):
        find(tmp_path, table(t=["1e308", *noise()[1:]]), "t")
        assert not recwarn.list

    @pytest.mark.parametrize(
        ("values", "task", "target", "levels"),
        [
            (["Yes", "yes", "No"], "binary", "t == 'yes'", {"yes": 267, "no": 133}),
            (["Cat", "cat", "Dog", "Bird"], "multiclass", "t", {"cat": 200, "dog": 100, "bird": 100}),
        ],
    )
    def test_an_answer_in_two_spellings_is_one(self, tmp_path, values, task, target, levels):
        found = find(tmp_path, table(t=cycle(values)), "t")
        assert (found.task, found.target, found.rarest) == (task, target, min(levels.values()))
        assert (found.columns["t"].rules, found.columns["t"].levels) == ({"spelling": "lower"}, levels)
        assert set(asking.told(found, pd.read_csv(tmp_path / "table.csv"))) == (
            {0, 1} if task == "binary" else {*levels}
        )

    def test_an_expression_tells_spellings_apart(self, tmp_path):
        found = find(tmp_path, table(t=cycle(["Yes", "YES", "No"])), "t in ('Yes', 'YES')")
        assert (found.columns["t"].rules, found.rarest) == ({}, 133)
        assert any("which the target tells apart" in one for one in found.unsure)

    def test_a_word_for_no_answer_that_may_be_one_is_told(self, tmp_path):
        found = find(tmp_path, table(damage=cycle(["none", "minor", "major", "none"])), "damage")
        told = "damage: 200 rows say 'none', taken for no value; where it is one, write missing_tokens without it"
        assert told in found.unsure

    def test_a_target_of_one_value_and_such_a_word_is_told_so(self, tmp_path):
        with pytest.raises(DataError, match="is insured in every row that has one: 200 rows say 'none'"):
            find(tmp_path, table(t=cycle(["none", "insured"])), "t")

    def test_classes_of_few_rows_are_told(self, tmp_path):
        found = find(tmp_path, table(t=["lynx", "lion", "lion", *cycle(["cat", "dog", "cow"])[3:]]), "t")
        assert any(one.startswith("t: fewer than 3 rows are 'lion', 'lynx', and a run stops") for one in found.unsure)

    @pytest.mark.parametrize("target", ["t", "t > 3"])
    def test_few_rows_of_an_answer_are_told(self, tmp_path, target):
        found = find(tmp_path, table(t=[5] * 19 + [2] * (ROWS - 19)), target)
        assert any("19 rows have the rarer answer" in one for one in found.unsure)

    @pytest.mark.parametrize(
        ("values", "task"),
        [(["05", *range(10, 300)], "regression"), ([f"{number:02}" for number in range(12)], "multiclass")],
    )
    def test_an_amount_may_begin_with_a_zero(self, tmp_path, values, task):
        assert find(tmp_path, table(t=cycle(values)), "t").task == task

    def test_an_amount_of_money_is_one(self, tmp_path):
        assert find(tmp_path, table(t=[f"${number}" for number in range(ROWS)]), "t").task == "regression"

    def test_rows_without_an_answer_are_told(self, tmp_path):
        found = find(tmp_path, table(t=cycle(["a", "b", None, "c"])), "t")
        assert found.task == "multiclass"
        assert "t: 100 rows have no answer, and a run sets such rows aside" in found.unsure

    def test_numbers_with_marks_can_be_classes(self, tmp_path):
        found = find(tmp_path, table(t=cycle(["1,5", "2,5", "3,5"])), "t", "multiclass")
        assert (found.columns["t"].kind, found.columns["t"].rules) == ("category", {})

    def test_whole_numbers_can_be_an_amount(self, tmp_path):
        assert find(tmp_path, table(t=cycle([1, 2, 3])), "t", "regression").task == "regression"

    @pytest.mark.parametrize("target", ["t", "t == 'Yes'"])
    def test_a_text_that_is_neither_answer_is_not_taken_for_no(self, tmp_path, target):
        found = find(tmp_path, table(t=cycle(["No", "Yes", "No"])), target)
        told = problem.parse(tomllib.loads(writing.written(found, "t", "new"))).sources["t"].columns["t"]
        assert (told.allowed, told.outside, told.known) == (("No", "Yes"), "reject", "after")

    @pytest.mark.parametrize(("answers", "room"), [([0, 1, 0], (0, 1)), ([2, 1, 1], (1, 2)), ([0.5, 1], (0.5, 1))])
    def test_a_number_that_is_neither_answer_is_not_taken_for_no(self, tmp_path, answers, room):
        found = find(tmp_path, table(t=cycle(answers)), "t")
        told = problem.parse(tomllib.loads(writing.written(found, "t", "new"))).sources["t"].columns["t"]
        assert (found.task, told.range, told.outside) == ("binary", room, "reject")

    def test_an_amount_that_is_compared_may_be_any(self, tmp_path):
        text = writing.written(find(tmp_path, table(), "x > 0.5"), "t", "new")
        assert 'x = { known = "after" }' in text

    @pytest.mark.parametrize(
        ("values", "target", "why"),
        [
            (["a"], "t", "must have two values or more"),
            ([None], "t", "must have two values or more"),
            (["a"], "tt", "'tt' is none; did you mean 't'"),
            ([f"{number} words and more" for number in range(ROWS)], "t", "at most 100 classes"),
            ([f"about {number}" for number in range(ROWS)], "t", "it is a category with 400 different values"),
            ([2**60 + number for number in range(ROWS)], "t", "400 different values: its numbers are too large to be"),
        ],
    )
    def test_what_can_not_be_one_is_told(self, tmp_path, values, target, why):
        with pytest.raises(DataError, match=why):
            find(tmp_path, table(t=cycle(values)), target)


class TestColumns:
    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            ([1, 2, 3], "integer"),
            ([1.5, "", 2], "number"),
            (["1e3", "-.5"], "number"),
            (["007", "012", "100"], "category"),
            ([2**60, 2**60 + 1, 5], "category"),
            (["yes", "no"], "boolean"),
            (["True", "FALSE", "true"], "boolean"),
            (["T", "F"], "boolean"),
            (["2013-11-03", "2013-11-04"], "time"),
            (["2013-11-03T10:00:00Z", "2013-11-03 11:30:00+01:00"], "time"),
            (["UA", "AA", "B6"], "category"),
        ],
    )
    def test_the_type_follows_from_the_values(self, tmp_path, values, kind):
        assert find(tmp_path, table(c=cycle(values))).columns["c"].kind == kind

    @pytest.mark.parametrize(
        ("values", "written"),
        [
            (["03/11/2013", "30/11/2013"], "%d/%m/%Y"),
            (["3/11/2013 5:07", "12/30/2013 23:59"], "%m/%d/%Y %H:%M"),
            (["3.11.13", "30.11.13"], "%d.%m.%y"),
            (["2013/11/03", "2013/1/4"], "%Y/%m/%d"),
            (["3-Nov-2013", "30-DEC-2013"], "%d-%b-%Y"),
            (["November 3, 2013", "December 30, 2013"], "%B %d, %Y"),
            (["3/11/2013 12:07:09 AM", "3/30/2013 1:00:00 PM"], "%m/%d/%Y %I:%M:%S %p"),
            (["3/11/2013 12:07AM", "3/30/2013 1:00pm"], "%m/%d/%Y %I:%M%p"),
            (["2013-11-03 10:00:00 UTC", "2013-11-30 10:00:00 UTC"], "%Y-%m-%d %H:%M:%S UTC"),
            (["2013-11-03 01:00:00 PM", "2013-11-30 10:00:00 AM"], "%Y-%m-%d %I:%M:%S %p"),
            (["30/11/2013 10:00 -0500", "03/11/2013 10:00 +0100"], "%d/%m/%Y %H:%M %z"),
            (["30/11/2013 10:00:00Z", "03/11/2013 10:00:00+01:00"], "%d/%m/%Y %H:%M:%S%z"),
            (["30/11/2013", "2013-11-03", "2013-11-03T10:00:00Z"], "%d/%m/%Y"),
            (["3. November 2013", "30. December 2013"], "%d. %B %Y"),
            (["Sunday, November 3, 2013", "Monday, December 30, 2013"], "%A, %B %d, %Y"),
            (["Sun, 03 Nov 2013 10:00:00 +0100", "Sat, 30 Nov 2013 10:00:00 -0500"], "%a, %d %b %Y %H:%M:%S %z"),
            (["Sun, 03 Nov 2013 10:00:00 GMT", "Sat, 30 Nov 2013 10:00:00 GMT"], "%a, %d %b %Y %H:%M:%S GMT"),
            (["Sun Nov  3 10:00:00 2013", "Sat Nov 30 10:00:00 2013"], "%a %b %d %H:%M:%S %Y"),
            (["03/Nov/2013:10:00:00 +0100", "30/Nov/2013:10:00:00 -0500"], "%d/%b/%Y:%H:%M:%S %z"),
            (["2013年11月3日", "2013年11月30日"], "%Y年%m月%d日"),
        ],
    )
    def test_a_date_is_read_in_the_only_way_in_which_it_can_be(self, tmp_path, values, written):
        found = find(tmp_path, table(c=cycle(values)))
        column = found.columns["c"]
        assert (column.kind, column.rules, column.unsure) == ("time", {"format": written}, "")

    @pytest.mark.parametrize(
        ("values", "rules"),
        [
            (["2013-11", "2013-12"], {}),
            (["Nov 2013", "Dec 2013"], {"format": "%b %Y"}),
            (["November 2013", "May 2013"], {"format": "%B %Y"}),
            (["Nov-13", "Dec-13"], {"format": "%b-%y"}),
            (["11/2013", "1/2014"], {"format": "%m/%Y"}),
            (["11-2013", "01-2014"], {"format": "%m-%Y"}),
            (["2013/11", "2014/1"], {"format": "%Y/%m"}),
            (["2013年11月", "2014年1月"], {"format": "%Y年%m月"}),
        ],
    )
    def test_a_month_is_its_first_day(self, tmp_path, values, rules):
        column = find(tmp_path, table(c=cycle(values))).columns["c"]
        assert (column.kind, column.rules) == ("time", rules)
        assert "is taken for the first day of its month" in column.unsure
        assert column.moments(pd.Series(values)).dt.day.tolist() == [1, 1]

    @pytest.mark.parametrize("values", [["2008-09", "2009-10", "2010-11"], ["11/13", "12/13"], ["1/2", "3/4"]])
    def test_seasons_and_fractions_are_words(self, tmp_path, values):
        assert find(tmp_path, table(c=cycle(values))).columns["c"].kind == "category"

    @pytest.mark.parametrize(
        ("values", "written", "doubt"),
        [
            (["3/11/2013", "4/12/2013"], "%m/%d/%Y", "3/11/2013 is taken for 2013-03-11; if it is 2013-11-03"),
            (["3.11.2013", "4.12.2013"], "%d.%m.%Y", "3.11.2013 is taken for 2013-11-03; if it is 2013-03-11"),
        ],
    )
    def test_which_part_is_the_day_is_asked_about_where_it_may_be_either(self, tmp_path, values, written, doubt):
        found = find(tmp_path, table(c=cycle(values)))
        assert found.columns["c"].rules == {"format": written}
        assert any(doubt in one for one in found.unsure)

    @pytest.mark.parametrize(
        "values", [["Mar 5", "May 7"], ["Mar 15", "May 27"], ["Sunday", "Monday"], ["Sat 3", "Sun 4"], ["Mar", "May"]]
    )
    def test_a_day_of_no_year_is_a_word(self, tmp_path, values):
        assert find(tmp_path, table(c=cycle(values))).columns["c"].kind == "category"

    def test_dates_written_in_several_ways_are_left_out_and_asked_about(self, tmp_path):
        found = find(tmp_path, table(c=cycle(["30/11/2013", "11/30/2013", "2013.11.30"])))
        assert "c" in found.left_out
        assert any("written in several ways" in one for one in found.unsure)

    def test_dates_in_one_way_that_is_not_known_are_told_so(self, tmp_path):
        found = find(tmp_path, table(c=cycle(["30-11-2013 10.00", "03-11-2013 11.30"])))
        assert "written in a way that is not known" in found.left_out["c"]

    def test_years_of_two_digits_that_lie_ahead_are_told(self, tmp_path):
        found = find(tmp_path, table(due=cycle(["30-Nov-11", "01-Dec-51"]), dob=cycle(["30-Nov-91", "01-Dec-51"])))
        told = "its years of two digits put 50.0% of its days after today: 01-Dec-51 is taken for 2051-12-01"
        assert {f"due: {told}", f"dob: {told}"} <= set(found.unsure)
        assert found.columns["due"].rules == {"format": "%d-%b-%y"}
        assert found.left_out == {"dob": told}

    @pytest.mark.parametrize(("name", "kind"), [("zip_code", "category"), ("share", "number")])
    def test_part_of_a_postal_code_is_no_amount(self, tmp_path, name, kind):
        assert find(tmp_path, table(**{name: cycle(["123xx", "945xx"])})).columns[name].kind == kind

    def test_a_version_is_no_date(self, tmp_path):
        found = find(tmp_path, table(app_version=cycle(["5.6.10", "5.6.11", "30.11.12"])))
        assert found.columns["app_version"].kind == "category"

    def test_a_moment_is_read_as_a_run_reads_it(self, tmp_path):
        found = find(tmp_path, table(c=cycle(["2013-11-03", "2013-11-03T10:00:00+01:00"])))
        read = found.columns["c"].moments(pd.Series(["2013-11-03T10:00:00+01:00", "today"]))
        assert read.tolist() == [pd.Timestamp("2013-11-03 09:00", tz="UTC"), pd.NaT]

    def test_a_strange_date_among_many_is_missing(self, tmp_path):
        days = cycle(["03/11/2013", "30/11/2013"])
        days[7] = "31/02/2013"
        assert find(tmp_path, table(c=days)).columns["c"].rules == {"format": "%d/%m/%Y", "unreadable": "missing"}

    @pytest.mark.parametrize("form", ["csv", "parquet"])
    @pytest.mark.parametrize(
        ("written", "start"),
        [
            ("unix", 1_700_000_000),
            ("unix_ms", 1_700_000_000_500),
            ("unix_us", 1_700_000_000_500_000),
            ("unix_ns", 1_700_000_000_500_000_000),
            (None, 17),
        ],
    )
    @pytest.mark.parametrize(("name", "told"), [("created_at", True), ("eventTime", True), ("account", False)])
    def test_numbers_count_from_1970_where_name_and_range_say_so(self, tmp_path, form, written, start, name, told):
        each = 86_400 * moment.COUNTED.get(written, 0) or 1
        frame, path = table(**{name: [start + each * number for number in range(ROWS)]}), tmp_path / f"table.{form}"
        frame.to_csv(path, index=False) if form == "csv" else frame.to_parquet(path)
        found = look(path)
        column = found.columns[name]
        assert (column.kind == "time") == (found.time == name) == bool(told and written)
        if column.kind == "time":
            assert column.rules == {"format": written}
            assert f"{start} is 2023-11-14 22:13:20" in column.unsure
            assert str(column.moments(frame[name]).iloc[1])[:19] == "2023-11-15 22:13:20"

    @pytest.mark.parametrize(("name", "kind"), [("order_date", "time"), ("price", "integer")])
    def test_whole_numbers_that_are_dates_by_name_and_value_are_times(self, tmp_path, name, kind):
        found = find(tmp_path, table(**{name: cycle([20131103, 20140228])}))
        assert found.columns[name].kind == kind

    @pytest.mark.parametrize(
        ("name", "values", "rules"),
        [
            ("period", [201311, 201402], {"format": "%Y%m"}),
            ("month", [201311, 201312], {"format": "%Y%m"}),
            ("month", [11, 12], {}),
            ("price", [201311, 201402], {}),
            ("day", [1311, 1402], {}),
        ],
    )
    def test_so_are_months(self, tmp_path, name, values, rules):
        column = find(tmp_path, table(**{name: cycle(values)})).columns[name]
        assert (column.kind, column.rules) == ("time" if rules else "integer", rules)
        assert column.unsure == ("its numbers are taken for months, such as 201311" if rules else "")

    @pytest.mark.parametrize(("form", "written"), [("csv", "%Y%m%d.0"), ("parquet", "%Y%m%d")])
    def test_so_are_those_that_became_floats_for_want_of_one(self, tmp_path, form, written):
        frame, path = table(order_date=cycle([20131103.0, 20140228.0, None])), tmp_path / f"table.{form}"
        frame.to_csv(path, index=False) if form == "csv" else frame.to_parquet(path)
        column = look(path).columns["order_date"]
        assert (column.kind, column.rules) == ("time", {"format": written})
        assert column.moments(frame["order_date"]).dt.strftime("%Y%m%d").tolist()[:2] == ["20131103", "20140228"]

    def test_a_table_is_split_by_a_date_in_another_format(self, tmp_path):
        days = [(date(2013, 1, 1) + timedelta(days=row)).strftime("%d/%m/%Y") for row in range(ROWS)]
        found = find(tmp_path, table(sold=days))
        assert (found.time, found.windows) == ("sold", ("2013-10-08", "2013-12-07"))
        assert found.derived == {"sold_weekday": "weekday(sold)"}

    @pytest.mark.parametrize(("days", "seasons"), [(728 / (ROWS - 1), False), (731 / (ROWS - 1), True)])
    def test_a_time_of_two_years_or_more_has_months(self, tmp_path, days, seasons):
        sold = [(datetime(2013, 1, 1, tzinfo=UTC) + timedelta(days=days * row)).isoformat() for row in range(ROWS)]
        born = [(date(1950, 1, 1) + timedelta(days=50 * row)).isoformat() for row in range(ROWS)]
        derived = find(tmp_path, table(sold=sold, born=born)).derived
        assert {name: text for name, text in derived.items() if "month" in name} == (
            {"sold_month": "month(sold)"} if seasons else {}
        )

    def test_of_months_there_is_no_weekday(self, tmp_path):
        months = [f"{2001 + row // 12}-{row % 12 + 1:02}" for row in range(ROWS // 4)]
        derived = find(tmp_path, table(month=cycle(months))).derived
        assert derived == {"month_month": "month(month)"}

    @pytest.mark.parametrize(
        ("written", "rules"),
        [
            (str, {}),
            ("{:,}K".format, {"magnitude": True}),
            ("${:.2f}".format, {"unit": "$"}),
            (lambda number: f"{number // 60}:{number % 60:02}", {"clock": True}),
            (lambda number: str(date(2013, 1, 1) + timedelta(days=number)), {}),
            (lambda number: (date(2013, 1, 1) + timedelta(days=number)).strftime("%d/%m/%Y"), {"format": "%d/%m/%Y"}),
        ],
    )
    @pytest.mark.parametrize("words", [["Varies"], ["now", "never", "later"], ["a", "b", "c", "d"]])
    def test_a_few_words_among_many_numbers_or_times_are_missing(self, tmp_path, written, rules, words):
        numbers = [written(number) for number in range(100, 500)]
        if "magnitude" in rules:
            numbers[::2] = [f"{number / 10}M" for number in range(200)]
        values = [words[row % len(words)] if row % 5 == 0 else one for row, one in enumerate(numbers)]
        column = find(tmp_path, table(c=values)).columns["c"]
        if len(words) > 3:
            assert (column.kind, column.rules) == ("category", {})
            return
        assert (column.kind in ("number", "integer", "time"), column.rules) == (True, rules | {"unreadable": "missing"})
        assert f"80 values are no {'time' if column.kind == 'time' else 'number'}s to compute with" in column.unsure
        read = column.moments(pd.Series(values)) if column.kind == "time" else column.numbers(pd.Series(values))
        assert pd.isna(read).sum() == 80

    def test_they_are_so_among_more_numbers_than_are_kept(self, tmp_path):
        rows = 30_000
        asked = ["on request" if row % 20 == 0 else f"{row}.5" for row in range(rows)]
        frame = pd.DataFrame({"price": asked, "y": [row % 2 for row in range(rows)]})
        column = find(tmp_path, frame).columns["price"]
        assert (column.kind, column.rules) == ("number", {"unreadable": "missing"})
        assert "1,500 values are no numbers to compute with" in column.unsure

    def test_a_few_words_among_few_numbers_are_no_less(self, tmp_path):
        assert find(tmp_path, table(rooms=cycle(["1", "2", "3.5", "Studio"]))).columns["rooms"].kind == "category"

    @pytest.mark.parametrize(
        ("code", "told"),
        [(999, True), (-999, True), (-200, True), (-1, False), (0, False), (500, False), (None, False)],
    )
    @pytest.mark.parametrize("form", ["csv", "parquet"])
    def test_a_code_far_from_all_others_is_asked_about(self, tmp_path, code, told, form):
        numbers = [code if row % 50 == 7 else 10 + row % 90 for row in range(ROWS)]
        frame, path = table(c=numbers), tmp_path / f"table.{form}"
        frame.to_csv(path, index=False) if form == "csv" else frame.to_parquet(path)
        column = look(path).columns["c"]
        assert ("far from all others" in column.unsure) == told
        assert not told or "range = [10, 99] and outside = 'missing'" in column.unsure

    def test_a_number_of_one_row_is_only_that(self, tmp_path):
        assert not find(tmp_path, table(c=[*range(10, ROWS + 9), 99_999])).columns["c"].unsure

    @pytest.mark.parametrize(("mark", "kind"), [("|", "text"), (";", "text"), (", ", "text"), (" and ", "category")])
    def test_lists_of_few_words_are_text(self, tmp_path, mark, kind):
        genres = ["Comedy", "Drama", "Horror", "Western", "War", "Crime"]
        choose = random.Random(0)  # noqa: S311 - rows, not secrets
        column = find(tmp_path, table(c=[mark.join(choose.sample(genres, 1 + row % 3)) for row in range(ROWS)])).columns
        assert column["c"].kind == kind
        assert ("its values are lists of 6 words" in column["c"].unsure) == (kind == "text")

    @pytest.mark.parametrize(
        "values",
        [
            [f"{name}, {place}" for name in ("Ann", "Bob", "Cid") for place in ("Rome", "Oslo")],
            [f"Street {number}, {number * 7919 % 90000}" for number in range(60)],
            ["A|B", "A", "B", "B|A"] * 5,
        ],
    )
    def test_what_has_a_mark_within_need_be_no_list(self, tmp_path, values):
        assert find(tmp_path, table(c=cycle(values))).columns["c"].kind != "text"

    def test_short_text_is_no_category(self, tmp_path):
        words = ["good", "bad", "food", "slow", "very", "never", "again", "tasty", "cheap"]
        choose = random.Random(0)  # noqa: S311 - rows, not secrets
        text = [" ".join(choose.choices(words, k=8)) for _ in range(ROWS)]
        found = find(tmp_path, table(c=text))
        assert found.columns["c"].kind == "text"
        assert "c" in [one.name for one in found.features]

    @pytest.mark.parametrize("value", ["+1 (555) {} 00", "40 {} 73 5"])
    def test_numbers_with_spaces_are_no_text(self, tmp_path, value):
        assert "c" in find(tmp_path, table(c=[value.format(1000 + number) for number in range(ROWS)])).left_out

    def test_tokens_for_no_value_are_found(self, tmp_path):
        found = find(tmp_path, table(c=cycle([1, 2, "?", 4]), d=cycle(["a", "b", "n.a."])))
        assert found.columns["c"].kind == "integer"
        assert set(found.missing_tokens) == {"?", "n.a."}

    @pytest.mark.parametrize(("often", "told"), [(10, True), (30, False)])
    def test_a_word_for_no_value_that_may_be_one_is_told_where_it_comes_often(self, tmp_path, often, told):
        found = find(tmp_path, table(c=["none" if row % often == 0 else "ab"[row % 2] for row in range(ROWS)]))
        assert any(one.startswith("c: 40 rows say 'none', taken for no value") for one in found.unsure) == told

    def test_the_same_word_in_two_spellings_is_one(self, tmp_path):
        found = find(tmp_path, table(c=cycle(["Rome", "ROME", " rome", "Oslo"])))
        assert found.columns["c"].rules == {"spelling": "lower"}

    def test_a_decimal_comma_is_seen(self, tmp_path):
        found = find(tmp_path, table(c=noise()).round(2), sep=";", decimal=",")
        assert found.table.source.csv.delimiter == ";"
        assert (found.columns["c"].kind, found.columns["c"].rules) == ("number", {"decimal": ","})

    @pytest.mark.parametrize(
        ("values", "rules", "told"),
        [
            (
                ["13,070", "42,752", "980"],
                {"thousands": ","},
                "so that 13,070 is 13070; if it is 13.070, write decimal",
            ),
            (["13,070.50", "42,752"], {"thousands": ","}, "a comma parts its thousands"),
            (["1,234,567", "42,752"], {"thousands": ","}, "a comma parts its thousands"),
            (["13,070", "42,752", "12,5"], {"decimal": ","}, "a comma stands before its decimals"),
            (["13,070", "1,2345"], {"decimal": ","}, "a comma stands before its decimals"),
            (["0,125", "1,250"], {"decimal": ","}, "a comma stands before its decimals"),
            (["1.234,56", "0,5", "2.000"], {"decimal": ",", "thousands": "."}, "and a point parts its thousands"),
            (["1.234.567", "1.000"], {"decimal": ",", "thousands": "."}, "and a point parts its thousands"),
            (["12,5", "-3,25", "7"], {"decimal": ","}, "a comma stands before its decimals"),
        ],
    )
    def test_the_marks_in_numbers_are_those_by_which_most_can_be_read(self, tmp_path, values, rules, told):
        found = find(tmp_path, table(c=cycle(values)), quoting=csv.QUOTE_ALL)
        assert (found.columns["c"].kind, found.columns["c"].rules) == ("number", rules)
        [unsure] = [one for one in found.unsure if one.startswith("c:")]
        assert told in unsure

    @pytest.mark.parametrize(
        ("values", "numbers"),
        [(["13,070", "-1,042.5", "980"], [13070, -1042.5, 980]), (["1.234,56", "0,5", "2.000"], [1234.56, 0.5, 2000])],
    )
    def test_a_run_reads_numbers_with_marks_as_what_they_are(self, tmp_path, values, numbers):
        found = find(tmp_path, table(c=cycle(values)), quoting=csv.QUOTE_ALL)
        assert found.columns["c"].numbers(pd.Series(values)).tolist() == numbers

    @pytest.mark.parametrize(
        ("values", "rules", "numbers", "told"),
        [
            (["12.3 kg", "7kg"], {"unit": "kg"}, [12.3, 7], "'kg' is taken for its unit"),
            (["45.3%", "-2%"], {"unit": "%"}, [45.3, -2], "'%' is taken for its unit"),
            (
                ["12,50 €", "1.234,5 €"],
                {"unit": "€", "decimal": ",", "thousands": "."},
                [12.5, 1234.5],
                "its unit; a comma",
            ),
            (["1,5\u00a0€", "2\u00a0€"], {"unit": "\u00a0€", "decimal": ","}, [1.5, 2], "is taken for its unit"),
            (["1 234,50", "7,25"], {"decimal": ",", "thousands": " "}, [1234.5, 7.25], "' ' parts its thousands"),
            (["1\u00a0234\u00a0567", "7"], {"thousands": "\u00a0"}, [1234567, 7], "parts its thousands"),
            (["1'234.50", "980.00"], {"thousands": "'"}, [1234.5, 980], "parts its thousands"),
            (["1.2M", "201k", "3 B"], {"magnitude": True}, [1.2e6, 201e3, 3e9], "a K, M or B after it"),
            (["€110.5M", "€565K", "€0"], {"unit": "€", "magnitude": True}, [110.5e6, 565e3, 0], "a K, M or B"),
            (["-4.6M", "12345"], {"magnitude": True}, [-4.6e6, 12345], "for thousands, millions or billions"),
            (["1,5K", "2M"], {"decimal": ",", "magnitude": True}, [1500, 2e6], "a K, M or B after it"),
            (["19M", "7.5M"], {"unit": "M"}, [19, 7.5], "'M' is taken for its unit"),
            (["19 m", "7"], {"unit": "m"}, [19, 7], "'m' is taken for its unit"),
            (["12B", "14"], {"unit": "B"}, [12, 14], "'B' is taken for its unit"),
        ],
    )
    def test_an_amount_has_a_unit_and_marks_of_any_kind(self, tmp_path, values, rules, numbers, told):
        found = find(tmp_path, table(c=cycle(values)), quoting=csv.QUOTE_ALL)
        column = found.columns["c"]
        assert (column.kind, column.rules) == ("number", rules)
        assert column.numbers(pd.Series(values)).tolist() == numbers
        assert told in column.unsure
        parsed = problem.parse(tomllib.loads(writing.written(found, "t", "new"))).sources["t"].columns["c"]
        assert parsed.model_dump(include=rules.keys()) == rules

    @pytest.mark.parametrize(
        "values",
        [
            ["12 kg", "30 lb"],
            ["3rd", "4th", "5th"],
            ["192.168.1.1", "10.0.0.1"],
            ["1@example.org", "2@example.org"],
            ["007 kg", "012 kg"],
            ["12A", "12B", "14"],
        ],
    )
    def test_other_texts_with_numbers_are_words(self, tmp_path, values):
        assert find(tmp_path, table(c=cycle(values))).columns["c"].kind == "category"

    @pytest.mark.parametrize("before", ["$", "US$", "EUR ", "£ "])
    def test_a_currency_before_a_number_is_its_unit(self, tmp_path, before):
        texts = [f"{'-' * (number % 3 == 0)}{before}{number:,}.50" for number in range(1000, 1000 + ROWS)]
        found = find(tmp_path, table(c=texts))
        column = found.columns["c"]
        assert (column.kind, column.rules) == ("number", {"unit": before.strip(), "thousands": ","})
        assert column.numbers(pd.Series(texts[:3])).tolist() == [1000.5, 1001.5, -1002.5]
        assert f"c: {before.strip()!r} is taken for its unit; a comma parts its thousands" in found.unsure

    @pytest.mark.parametrize(
        ("values", "numbers", "told"),
        [
            (["1.5", "(2.25)"], [1.5, -2.25], "c: (2.25) is taken for -2.25"),
            (["7", "12-"], [7, -12], "c: 12- is taken for -12"),
            (["$1,234.50", "($2,000.00)"], [1234.5, -2000], "($2,000.00) is taken for -$2,000.00"),
            (["12,5 €", "(3,5) €"], [12.5, -3.5], "(3,5) € is taken for -3,5 €"),
            (["-£5.5", "-£7"], [-5.5, -7], "c: '£' is taken for its unit"),
            (["0.5", "\u22120.5"], [0.5, -0.5], ""),
        ],
    )
    def test_a_number_may_be_negative_in_other_ways(self, tmp_path, values, numbers, told):
        found = find(tmp_path, table(c=cycle(values)), quoting=csv.QUOTE_ALL)
        assert found.columns["c"].kind in ("number", "integer")
        assert found.columns["c"].numbers(pd.Series(values)).tolist() == numbers
        assert told in "; ".join(found.unsure)

    @pytest.mark.parametrize("values", [["(030) 123", "(040) 456"], ["A1-", "B2-"], ["1-2-", "3-4-"], ["(-5)", "(-6)"]])
    def test_what_is_no_negative_number_is_a_word(self, tmp_path, values):
        assert find(tmp_path, table(c=cycle(values))).columns["c"].kind == "category"

    def test_values_that_are_no_numbers_are_told_where_there_are_marks(self, tmp_path):
        found = find(tmp_path, table(c=["many", "few", *cycle(["13,070", "1,042,752"])[2:]]))
        assert found.columns["c"].rules == {"thousands": ",", "unreadable": "missing"}
        told = "2 values are no numbers to compute with, and taken for missing: 'many', 'few'"
        assert f"c: a comma parts its thousands; {told}" in found.unsure

    def test_a_copy_of_a_number_with_marks_is_a_leak_too(self, tmp_path):
        amount = np.random.default_rng(0).normal(50_000, 20_000, ROWS).round(2)
        frame = table(t=[f"{one:,.2f}" for one in amount], copy=amount * 2)
        assert "copy" in find(tmp_path, frame, "t").left_out

    @pytest.mark.parametrize("strange", ["1e308", "-1e39", "inf", "-inf"])
    @pytest.mark.parametrize("form", ["csv", "parquet"])
    def test_a_number_that_no_model_can_compute_with_is_taken_for_missing(self, tmp_path, strange, form):
        values = [strange, *noise()[1:]]
        frame = table(c=values if form == "csv" else [float(value) for value in values])
        path = tmp_path / f"table.{form}"
        frame.to_csv(path, index=False) if form == "csv" else frame.to_parquet(path)
        found = look(path)
        assert found.columns["c"].kind == "number"
        assert any(one.startswith("c: 1 value is no number to compute with") for one in found.unsure)
        assert 'c = { unreadable = "missing", range = [-6, 7], outside = "warn" }' in writing.written(found, "t", "new")

    @pytest.mark.parametrize("form", ["csv", "parquet"])
    def test_what_is_only_infinite_is_no_number(self, tmp_path, form):
        frame, path = table(c=cycle([np.inf, -np.inf])), tmp_path / f"table.{form}"
        frame.to_csv(path, index=False) if form == "csv" else frame.to_parquet(path)
        found = look(path)
        assert found.columns["c"].kind == ("category" if form == "csv" else "nothing")
        assert "range" not in next(one for one in writing.written(found, "t", "new").splitlines() if "c" in one)

    def test_a_wide_range_is_written_as_any_reader_of_toml_takes_it(self, tmp_path):
        found = find(tmp_path, table(c=[0.5, *noise()[1:] * 1e37]))
        assert "c = { range = [-6e+37, 7e+37]" in writing.written(found, "t", "new")

    def test_what_is_empty_or_the_same_everywhere_is_left_out(self, tmp_path):
        found = find(tmp_path, table(empty=None, same="x"))
        assert found.left_out == {"empty": "it has no value", "same": "it is 'x' in every row"}


class TestRoles:
    def test_an_id_that_no_two_rows_share_is_the_key(self, tmp_path):
        found = find(tmp_path, table(customer_id=[f"C{number}" for number in range(ROWS)]))
        assert found.key == "customer_id"
        assert [one.name for one in found.features] == ["x"]

    def test_names_of_rows_that_are_no_key_are_left_out(self, tmp_path):
        found = find(tmp_path, table(surname=[f"Name{number}" for number in range(ROWS)]))
        assert found.left_out == {"surname": "it has 400 different values in 400 rows"}

    @pytest.mark.parametrize(
        ("back", "each", "of", "feature"),
        [(10, 10, 400, True), (12, 9, 400, False), (9, 12, 400, False), (10, 10, 1200, False)],
    )
    def test_most_rows_may_have_a_name_of_their_own_where_enough_others_come_back(
        self, tmp_path, back, each, of, feature
    ):
        names = [f"Back{number % back}" for number in range(back * each)]
        names += [f"Once{number}" for number in range(of - len(names))]
        rows = pd.concat([table()] * (of // ROWS), ignore_index=True)
        found = find(tmp_path, rows.assign(x=np.random.default_rng(1).normal(size=of), customer=names))
        assert ("customer" in {one.name for one in found.features}) == feature
        assert ("customer" in found.left_out) != feature

    def test_equal_rows_are_things_of_their_own_where_they_may_be(self, tmp_path):
        assert find(tmp_path, table()).equal_by_chance == "with so few different values, rows are equal by chance"
        numbers = np.random.default_rng(2).normal(size=(2, ROWS))
        several = table(one=numbers[0], two=numbers[1])
        assert find(tmp_path, several).equal_by_chance == ""
        assert find(tmp_path, table(customer_id=[f"C{number}" for number in range(ROWS)])).equal_by_chance == ""
        found = find(tmp_path, several.assign(email=[f"{number}@example.org" for number in range(ROWS)], same="a"))
        assert found.left_out.keys() == {"email", "same"}
        assert found.equal_by_chance == "rows that are equal in these columns may differ in email"

    def test_an_id_of_several_rows_is_a_group(self, tmp_path):
        found = find(tmp_path, table(patient_id=[number // 4 for number in range(ROWS)]))
        assert found.group == "patient_id"

    @pytest.mark.parametrize(
        ("name", "group"),
        [
            ("customer_number", True),
            ("Policy No", True),
            ("deviceCode", True),
            ("zip_code", False),
            ("country_code", False),
            ("room_number", False),
        ],
    )
    def test_so_is_the_number_of_what_has_several_rows(self, tmp_path, name, group):
        found = find(tmp_path, table(**{name: [20_000 + number // 4 for number in range(ROWS)]}))
        assert found.group == (name if group else None)
        assert any(one.startswith(f"{name}: it names what several rows are about") for one in found.unsure) == group

    @pytest.mark.parametrize(("each", "group"), [(20, "store_number"), (80, None)])
    def test_the_number_of_what_has_many_rows_is_a_feature(self, tmp_path, each, group):
        rows = np.arange(60 * each)
        frame = pd.DataFrame({"y": rows % 2, "x": rows * 7 % 977, "store_number": rows // each * 3})
        assert find(tmp_path, frame).group == group

    def test_the_number_of_what_has_one_row_is_the_key(self, tmp_path):
        assert find(tmp_path, table(order_no=[20_000 + 7 * number for number in range(ROWS)])).key == "order_no"

    def test_a_time_orders_the_rows(self, tmp_path):
        days = [str(date(2024, 1, 1) + timedelta(days=number // 4)) for number in range(ROWS)]
        found = find(tmp_path, table(created=days, birth_date=cycle(["1970-01-01", "1980-05-05"])))
        assert (found.time, found.windows) == ("created", ("2024-03-11", "2024-03-26"))
        assert found.derived["days_since_birth_date"] == "days_between(birth_date, created)"

    def test_the_file_splits_by_shares_and_tells_what_days_they_mean(self, tmp_path):
        days = [str(date(2013, 1, 1) + timedelta(days=row)) for row in range(ROWS)]
        text = writing.written(find(tmp_path, table(sold=days)), "t", "new")
        assert "validation = 0.15 # of these rows those from 2013-10-08 on" in text
        assert "test = 0.15 # those from 2013-12-07 on" in text
        split = problem.parse(tomllib.loads(text)).split
        assert (split.by, split.validation, split.test) == ("time", 0.15, 0.15)

    def test_a_day_with_so_many_rows_that_a_share_has_none_does_not_split(self, tmp_path):
        days = [str(date(2013, 1, 1) + timedelta(days=min(row, 250))) for row in range(ROWS)]
        assert find(tmp_path, table(sold=days)).time is None

    def test_a_time_whose_name_no_expression_can_tell_is_left_out(self, tmp_path):
        days = [str(date(2024, 1, 1) + timedelta(days=number)) for number in range(ROWS)]
        assert "must be renamed" in find(tmp_path, table(**{"sold `on`": days})).left_out["sold `on`"]

    def test_a_time_that_lies_ahead_does_not_say_when_a_row_was(self, tmp_path):
        days = [str(date.today() + timedelta(days=number - 100)) for number in range(ROWS)]  # noqa: DTZ011 - any day
        found = find(tmp_path, table(expiry_date=days))
        assert (found.time, found.columns["expiry_date"].kind) == (None, "time")

    def test_a_time_does_not_split_what_would_leave_a_split_without_an_answer(self, tmp_path):
        days = [str(date(2024, 1, 1) + timedelta(days=number)) for number in range(200)]
        frame = table().head(200).assign(day=days, y=["yes"] * 7 + ["no"] * 193)
        found = find(tmp_path, frame)
        assert (found.time, found.windows, found.stratified) == ("day", None, True)
        told = "day: the rows are not split by it, for validation would have 0 of 7 rows with the answer yes"
        assert any(one.startswith(told) for one in found.unsure)
        assert 'by = "random"\nstratify = true' in writing.written(found, "t", "new")

    def test_an_answer_with_few_rows_that_each_split_has_is_split_by_time(self, tmp_path):
        days = [str(date(2024, 1, 1) + timedelta(days=number)) for number in range(200)]
        frame = table().head(200).assign(day=days, y=["yes" if number % 25 == 20 else "no" for number in range(200)])
        assert find(tmp_path, frame).windows == ("2024-05-20", "2024-06-19")

    @pytest.mark.parametrize(("often", "cut"), [(10_000, True), (100, False)])
    def test_an_answer_that_the_sample_hardly_has_tells_nothing_of_a_split(self, tmp_path, often, cut):
        """It lies in the first half of 80,000 rows, of which a quarter at most is looked at."""
        rows = np.arange(80_000)
        yes = (rows % often == 0) & (rows < 40_000)
        days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rows // 800, unit="D")
        found = find(tmp_path, pd.DataFrame({"y": np.where(yes, "yes", "no"), "x": rows * 7 % 977, "day": days}))
        assert (found.windows is not None) == cut

    def test_a_class_that_is_inside_few_groups_is_not_split_by_them(self, tmp_path):
        frame = table(patient_id=[number // 4 for number in range(ROWS)])
        found = find(tmp_path, frame.assign(y=["a"] * 60 + cycle(["b", "c"])[60:]))
        assert (found.group, found.stratified) == (None, True)
        assert "would have 0 of 60 rows with the answer a" in found.left_out["patient_id"]
        assert any("the model is judged also by what it learned from" in one for one in found.unsure)

    def test_a_column_that_is_missing_more_often_than_a_run_allows_is_no_group(self, tmp_path):
        patients = [None if number % 8 == 0 else f"P{number // 4}" for number in range(ROWS)]
        found = find(tmp_path, table(patient_id=patients, ward_id=[f"W{number // 5}" for number in range(ROWS)]))
        assert found.group == "ward_id"
        assert "it is missing in 12.5% of the rows, and a run may set 5% aside" in found.left_out["patient_id"]

    @pytest.mark.parametrize("often", [1, 3])
    def test_an_expression_that_seldom_holds_is_shared_out(self, tmp_path, often):
        frame = table(delay=[30 if number % (50 * often) == 0 else number % 7 for number in range(ROWS)])
        assert find(tmp_path, frame, "delay > 15").stratified

    def test_labels_that_look_like_lists_are_labels(self, tmp_path):
        stages = [f"{where}, stage {how}" for where in ("liver", "lung", "skin", "bone") for how in "ABCDE"]
        found = find(tmp_path, table(y=cycle(stages), c=cycle(stages)))
        assert (found.task, found.columns["y"].kind, found.columns["c"].kind) == ("multiclass", "category", "text")

    def test_a_column_that_tells_one_label_is_asked_about(self, tmp_path):
        labels = [("low", "mid", "high")[row * 7919 % 3] for row in range(ROWS)]
        hint = [int(label == "high") for label in labels]
        found = find(tmp_path, table(y=labels, hint=hint, other=cycle([0, 1])))
        assert [one for one in found.unsure if "alone" in one] == [
            "hint: it alone tells 'high' from all others: is it known before?"
        ]
        assert "hint" in [one.name for one in found.features]

    def test_a_column_that_tells_the_target_is_left_out_and_named(self, tmp_path):
        frame = table()
        frame["copy"] = frame["y"].map({"a": 10, "b": 20}) + np.arange(ROWS) % 3
        found = find(tmp_path, frame)
        assert "alone nearly tells the target" in found.left_out["copy"]
        assert "x" not in found.left_out

    def test_a_name_with_a_line_break_breaks_no_comment(self, tmp_path):
        frame = table(**{"Left\nCompany": cycle(["leaver", "stayer", "stayer"]), "no\tone\r": None})
        text = writing.written(find(tmp_path, frame, "Left\nCompany"), "t", "new")
        assert problem.parse(tomllib.loads(text)).target == "`Left\nCompany` == 'leaver'"
        assert r"#   Left\nCompany: yes is taken to be 'leaver'" in text

    def test_a_copy_of_a_number_is_a_leak_too(self, tmp_path):
        frame = table()
        frame["copy"] = frame["x"] * 2 + np.arange(ROWS) % 3 / 1000
        assert "copy" in find(tmp_path, frame, "x").left_out

    def test_a_name_that_sounds_late_is_asked_about(self, tmp_path):
        found = find(tmp_path, table(refund_amount=noise()[::-1]))
        assert any(one.startswith("refund_amount: its name sounds") for one in found.unsure)


class TestFiles:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_how_it_is_written_is_told(self, tmp_path, encoding, separator):
        path = tmp_path / "table.csv"
        frame = table(größe=cycle(["klein", "groß, ja", "€"]))
        frame.to_csv(path, index=False, sep=separator, encoding=encoding)
        found = look(path)
        assert found.table.source.csv.delimiter == separator
        assert set(found.columns["größe"].seen.levels) == {"klein", "groß, ja", "€"}

    @pytest.mark.parametrize(
        ("above", "separator", "skip"),
        [
            ("Sales 2024\n\n", ",", 2),
            ("Sales 2024;;\n;;\n", ";", 2),
            ("# made by x, on Monday\n#\n", ",", 2),
            ("sep=;\n", ";", 1),
            ("\ufeffsep=;\r\n", ";", 1),
            ("", "\t", 0),
        ],
    )
    def test_lines_above_the_header_are_told(self, tmp_path, above, separator, skip):
        path = tmp_path / "table.csv"
        path.write_text(above + table(c=cycle(["red", "blue"])).to_csv(index=False, sep=separator), newline="")
        found = look(path)
        assert (found.table.source.csv.skip, found.rows) == (skip, ROWS)
        assert [one.name for one in found.features] == ["x", "c"]
        assert ("no part of the table" in " ".join(found.unsure)) == bool(skip)

    @pytest.mark.parametrize(("before", "after", "place"), [("", ",", -1), ("7,", "", 0)])
    @pytest.mark.parametrize("above", ["", "Sales 2024\n\n"])
    def test_a_header_may_lack_the_last_delimiter_or_the_name_of_the_first_column(
        self, tmp_path, before, after, place, above
    ):
        path = tmp_path / "table.csv"
        header, *rows = table(c=cycle(["red", "blue"])).to_csv(index=False).splitlines()
        path.write_text("\n".join([f"{above}{header}", *(f"{before}{row}{after}" for row in rows)]) + "\n")
        found = look(path)
        names = header.split(",")
        names.insert(len(names) if place else 0, f"column {len(names) + 1 if place else 1}")
        assert (found.table.source.csv.names, found.rows) == (tuple(names), ROWS)
        assert [one.name for one in found.features] == ["x", "c"]
        assert "the rows have a value more than the header has names: csv.names has all" in found.unsure

    @pytest.mark.parametrize("header", ["#id,x,y", '"the\nid",x,y', "x,y", "y"])
    def test_a_header_is_none_of_them(self, tmp_path, header):
        """One that begins as a remark does, or goes on below."""
        path = tmp_path / "table.csv"
        rows = [f"{number},{number % 7},a"[: 2 * header.count(",") + 1] for number in range(9)]
        path.write_text("\n".join([header, *rows]) + "\n")
        assert reading.dialect_of(path).skip == 0

    @pytest.mark.parametrize("lines", ["1.5", "1.5,a,b,c", "Total: 400 rows"])
    def test_a_few_lines_that_are_no_rows_are_kept_aside_and_told(self, tmp_path, lines):
        path = tmp_path / "table.csv"
        path.write_text(f"{table(c=cycle(['red', 'blue'])).to_csv(index=False)}{lines}\n{lines}\n")
        found = look(path)
        assert (found.rows, found.table.source.csv.ragged) == (ROWS, "skip")
        told = "2 lines have more or fewer values than there are columns, and a run keeps such aside:"
        assert f"{told} 'table.csv: {lines}'" in found.unsure
        assert 'csv = { ragged = "skip" }' in writing.written(found, "t", "new")
        whole = find(tmp_path, table())
        assert whole.table.source.csv.ragged == "stop"

    @pytest.mark.parametrize("lost", ["1.5\n" * 5, 'a,"open,x\n' + "b,1.5,x\n" * 5])
    def test_more_of_them_or_a_quote_that_takes_many_lines_with_it_stop(self, tmp_path, lost):
        path = tmp_path / "table.csv"
        path.write_text(table(c=cycle(["red", "blue"])).to_csv(index=False) + lost)
        with pytest.raises(
            DataError, match=r"as many values in each row as its header, and is not: [56] lines, such as"
        ):
            look(path)

    def test_a_text_of_any_length_may_stand_in_the_first_lines(self, tmp_path):
        notes = ["short", "long " * 50_000] * (ROWS // 2)
        assert find(tmp_path, table(note=notes)).rows == ROWS

    def test_bytes_in_parquet_are_text_where_they_can_be_read_as_such(self, tmp_path):
        """Writers that know of no text leave bytes; others leave pictures in them."""
        columns = {
            "y": pa.array(table()["y"].tolist()),
            "city": pa.array(cycle([b"Rome", "Orl\u00e9ans".encode(), None]), pa.binary()),
            "code": pa.array(cycle([b"ab", b"cd"]), pa.binary(2)),
            "picture": pa.array([b"\xff\x00%d" % number for number in range(ROWS)]),
            "late_bytes": pa.array([b"text"] * (ROWS - 1) + [b"\xff"], pa.large_binary()),
            "took": pa.array(cycle([1000, 2000, 4000, 8000, 9000]), pa.duration("ms")),
            "at": pa.array(cycle([1, 2, 3]), pa.time64("us")),
            "many": pa.array(cycle([[1, 2], [3]])),
        }
        pq.write_table(pa.table(columns), tmp_path / "table.parquet", row_group_size=100)
        found = look(tmp_path / "table.parquet")
        kinds = {one.name: one.kind for one in found.features}
        assert kinds == {"city": "category", "code": "category", "took": "integer", "at": "number"}
        assert (found.columns["took"].seen.low, found.columns["took"].seen.high) == (1, 9)
        left = {name: one.why for name, one in found.columns.items() if name not in ("y", *kinds)}
        assert left == dict.fromkeys(["picture", "late_bytes", "many"], "it is no plain value")

    @pytest.mark.parametrize(
        ("values", "numbers", "told"),
        [
            (
                ["7:30", "17:05"],
                [27000, 61500],
                "c: 17:05 is taken for hours and minutes, and counted in seconds: 61500",
            ),
            (["12:05 am", "12:00 PM"], [300, 43200], "12:00 PM is taken"),
            (["00:12:30.5", "-101:00:00"], [750.5, -363600], "seconds"),
        ],
    )
    def test_a_clock_is_a_number_of_seconds(self, tmp_path, values, numbers, told):
        found = find(tmp_path, table(c=cycle(["17:05" if "17:05" in values else values[-1], *values])))
        column = found.columns["c"]
        assert (column.kind, column.rules) == ("number", {"clock": True})
        assert column.numbers(pd.Series(values)).tolist() == numbers
        assert told in "; ".join(found.unsure)

    @pytest.mark.parametrize("values", [["1:2", "3:1"], ["7:60", "8:61"], ["13:00 PM", "0:30 AM"], ["1:30", "a"]])
    def test_what_is_no_clock_is_a_word(self, tmp_path, values):
        assert find(tmp_path, table(c=cycle(values))).columns["c"].kind == "category"

    def test_a_few_values_that_are_no_times_are_told_and_made_missing(self, tmp_path):
        days = [str(date(2024, 1, 1) + timedelta(days=number)) for number in range(ROWS)]
        found = find(tmp_path, table(until=["infinity", "infinity", "never", *days[3:]], begun=days))
        assert (found.columns["until"].kind, found.columns["begun"].kind) == ("time", "time")
        assert found.columns["until"].rules["unreadable"] == "missing"
        assert found.columns["until"].unsure.startswith("some of its values are no times, and taken for missing: 'infi")
        assert "unreadable" not in found.columns["begun"].rules
        assert found.time == "begun"

    def test_parquet_says_its_types_itself(self, tmp_path):
        frame = table(flag=cycle([True, False]), at=pd.Timestamp("2024-01-01") + pd.to_timedelta(range(ROWS), unit="D"))
        frame["city"] = pd.Categorical(cycle(["Rome", "Oslo"]))
        frame.to_parquet(tmp_path / "table.parquet")
        found = look(tmp_path / "table.parquet")
        kinds = {name: one.kind for name, one in found.columns.items()}
        assert kinds == {"y": "category", "x": "number", "flag": "boolean", "at": "time", "city": "category"}
        assert found.time == "at"

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            ("", "is empty"),
            ("y,x\n", "has 0 rows"),
            ("y,y\n1,2\n", "names y more than once"),
            ("1,2\n3,4\n", "must name its columns in its first line"),
            ("y,x\n1,2\n3\n", "as many values in each row"),
        ],
    )
    def test_what_is_no_table_is_told(self, tmp_path, content, why):
        path = tmp_path / "table.csv"
        path.write_text(content)
        with pytest.raises(DataError, match=why):
            look(path)

    @pytest.mark.parametrize(
        ("name", "begins", "what"),
        [
            ("table.xlsx", b"PK\x03\x04", "a spreadsheet or a zip archive"),
            ("table.feather", b"ARROW1\0\0", "Arrow's Feather"),
            ("table.csv", b"\x1f\x8b\x08", "packed by gzip, which its name does not say"),
        ],
    )
    def test_a_file_of_another_kind_is_told(self, tmp_path, name, begins, what):
        (tmp_path / name).write_bytes(begins + bytes(range(256)))
        with pytest.raises(DataError, match=f"must be CSV, and is {what}. Save its rows as CSV, Parquet or JSON"):
            look(tmp_path / name)

    def test_a_list_of_records_is_told_how_to_be_lines(self, tmp_path):
        table().to_json(tmp_path / "table.json", orient="records")
        with pytest.raises(DataError, match=r"`jq -c '\.\[\]'` makes lines of a list"):
            look(tmp_path / "table.json")

    def test_what_folders_tell_is_looked_at_too(self, tmp_path):
        table(year=cycle(["2022", "2023"])).to_parquet(tmp_path / "rows", partition_cols=["year"])
        assert look(f"{tmp_path}/rows/*/*.parquet").columns["year"].kind == "integer"

    def test_a_folder_is_told_with_what_to_write(self, tmp_path):
        table(year=cycle(["2022", "2023"])).to_parquet(tmp_path / "rows", partition_cols=["year"])
        with pytest.raises(DataError, match=r"rows must be a file, and is a folder. Name .*rows/\*\*/\*.parquet'"):
            look(tmp_path / "rows")

    def test_a_file_that_is_not_there_is_told_with_those_that_are(self, tmp_path):
        (tmp_path / "other.csv").write_text("a\n1\n")
        with pytest.raises(DataError, match=r"there is none. Beside it are other.csv"):
            look(tmp_path / "table.csv")


class TestSize:
    def test_two_hundred_rows_are_enough(self, tmp_path):
        assert find(tmp_path, table().head(200)).task == "binary"

    def test_a_thousand_columns(self, tmp_path):
        values = np.random.default_rng(0).normal(size=(ROWS, 1000)).round(3)
        wide = pd.DataFrame(values, columns=[f"c{number}" for number in range(1000)])
        found = find(tmp_path, wide.assign(y=table()["y"]))
        assert len(found.features) == 1000

    def test_rows_of_several_batches_have_their_answers(self, tmp_path):
        """Texts of several are in as many chunks."""
        frame = table(day=cycle(["03/11/2013", "30/11/2013"]))
        path = tmp_path / "table.csv"
        frame.to_csv(path, index=False)
        with reading.opened(Source(path=str(path), columns={})) as opened:
            whole = pa.concat_tables(opened.batches)
            found = roles.infer(replace(opened, batches=[whole.slice(0, 100), whole.slice(100)]), "y == 'a'")
        assert found.rarest == 195

    def test_different_values_are_counted_within_some_percent(self):
        one = seen.Seen("c")
        for start in range(0, 1_000_000, 100_000):
            one.add(pa.chunked_array([pa.array([f"v{number % 600_000}" for number in range(start, start + 100_000)])]))
        assert one.distinct == pytest.approx(600_000, rel=0.05)
        assert not one.unique
        assert len(one.values) <= seen.MOST_VALUES

    @pytest.mark.slow
    def test_case_13_a_million_categories_take_little_memory(self, tmp_path):
        path = tmp_path / "table.parquet"
        names = pa.array([f"customer-{number}" for number in range(1_000_000)])
        yes = pa.array(np.random.default_rng(0).integers(0, 2, 1_000_000))
        pq.write_table(pa.table({"name": names, "y": yes, "x": np.arange(1_000_000) % 977}), path)
        code = (
            "import resource, sys\nfrom pipeline.inference import reading, roles\nfrom pipeline.problem import Source\n"
            "at = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nbefore = at()\n"
            "with reading.opened(Source(path=sys.argv[1], columns={})) as opened:\n"
            "    found = roles.infer(opened, 'y')\n"
            "assert 'name' in found.left_out, found\nprint((at() - before) // 1024)"
        )
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
        assert int(done.stdout) < 300, "MiB"
