"""What a client sends is cleaned as the rows were that the model learned from: the same raw value, the same value."""

import numpy as np
import pyarrow as pa
import pytest

from bundle import moment
from bundle.contract import Contract, ContractError, Output, columns_of, in_words
from pipeline import cells, contracts
from pipeline.cells import Rules
from pipeline.encoding import Target
from pipeline.problem import Column, Problem

COLUMNS = {
    "city": {"type": "category", "spelling": "lower", "spellings": {"roma": "rome"}},
    "code": {"type": "category", "spelling": "upper", "allowed": ["A", "B", "STRASSE"], "outside": "missing"},
    "plain": {"type": "category"},
    "note": {"type": "text"},
    "age": {"range": [0, 0.1], "outside": "missing"},
    "speed": {"range": [-5.5, 70], "outside": "clip"},
    "weight": {"range": [0, 10]},
    "price": {"unit": "$"},
    "took": {"clock": True},
    "day": {"type": "time"},
    "there": {"type": "time", "time_zone": "Europe/Berlin"},
    "beyond": {"type": "time", "time_zone": "America/New_York"},
    "sold": {"type": "time", "format": "%d/%m/%Y", "time_zone": "Europe/Berlin"},
    "paid": {"type": "time", "format": "%d-%b-%y %I:%M %p"},
    "sent": {"type": "time", "format": "%m/%d/%Y %H:%M:%S%z"},
    "mailed": {"type": "time", "format": "%a, %d %b %Y %H:%M:%S %z"},
    "ran": {"type": "time", "format": "%a %b %d %H:%M:%S %Y", "time_zone": "Europe/Berlin"},
    "logged": {"type": "time", "format": "%d/%b/%Y:%H:%M:%S %z"},
    "written": {"type": "time", "format": "%Y年%m月%d日"},
    "month": {"type": "time", "format": "%B %Y"},
    "period": {"type": "time", "format": "%Y%m"},
    "made": {"type": "time", "format": "unix"},
    "clicked": {"type": "time", "format": "unix_ms", "time_zone": "Europe/Berlin"},
    "traced": {"type": "time", "format": "unix_us"},
    "sensed": {"type": "time", "format": "unix_ns"},
    "y": {"known": "after"},
}
TEXTS = [
    "Rome",
    " rome ",
    "ROMA",
    "roma",
    "oslo",
    "-",
    " NA",
    "null",
    "",
    "?",
    "a",
    "B ",
    "c",
    "straße",
    "İstanbul",
    None,
]
MOMENTS = [
    "2013-11-03",
    "2013-11-03T05:00:00+02:00",
    "2013-11-03 05:00:00.5",
    "20131103",
    " 2013-11-03T05:00:00,25 ",
    "9999-12-31 23:59:59",
    "03/11/2013",
    "3/1/2013",
    "31/12/9999",
    "0001-01-01",
    "28/02/0099",
    "03-Nov-13 05:07 PM",
    "3-NOV-13 12:00 am",
    "3-Nov-69 1:00 AM",
    "11/03/2013 05:07:09-0500",
    "11/3/2013 05:07:09Z",
    "Sun, 03 Nov 2013 17:05:00 +0100",
    "sun, 3 nov 2013 17:05:00 Z",
    "Mon, 03 Nov 2013 17:05:00 +0100",
    "Sun Nov  3 02:30:00 2013",
    "Sun Mar 31 02:30:00 2013",
    "03/Nov/2013:17:05:00 -0500",
    "2013年11月3日",
    "November 2013",
    "NOVEMBER 2013",
    "201311",
    "2013",
    "2013-11",
    "2013-1-3",
    "2013/11/03",
    "2013.1.3 5:07",
    "2013/11/03 17:07 +02:00",
    "2013-11-03T17",
    "20131103T1707-0530",
    "2013-11-03 5:07:09.25 Z",
    "2013-11-03T17:07:00.123456789",
    "1383480000",
    " 1383480000.75 ",
    "1.383480000123e12",
    "-1383480000",
    "1383480000123456",
    "1383480000123456789",
    "1383479999999999999",
    "1e17",
    "1e400",
]
NO_MOMENTS = [
    "today",
    "now",
    "NaT",
    "soon",
    "31/02/2013",
    "03/11/2013x",
    "13/13/2013",
    "2013-W44-7",
    "2013-11-03_17:07",
    "2013-11 17:07",
    "2013-11-03 17:7",
    "2013-11-03T17:07+2",
    "2013-11-03T25:00",
    "2013-11-03T17:07:00+25:00",
    "2013-02-30",
    "0000-01-01",
    "٢٠١٣-11-03",
]
NUMBERS = [0.1, 0.0, -0.1, 0.10000001, 69.9, 70.5, -6, 1e30, 9.5, None]


ANSWER = Output(name="prediction", type="number", meaning="")


@pytest.fixture(scope="module")
def problem():
    source = {"path": "t.csv", "missing_tokens": ["", "-", "NA", "null", "?"], "columns": COLUMNS}
    return Problem(
        name="skew", title="", table="t", target="y", task="regression", sources={"t": source},
        features={"columns": [name for name in COLUMNS if name != "y"]},
        split={"by": "hash"}, requirements=[{"metric": "rmse", "max": 1}],
    )  # fmt: skip


@pytest.mark.parametrize("name", [name for name, one in COLUMNS.items() if name != "y" and one.get("type") != "time"])
def test_a_raw_value_is_the_same_to_cleaning_and_to_serving(problem, name):
    source, column = problem.sources["t"], problem.sources["t"].columns[name]
    is_number = column.type == "number"
    given = NUMBERS if is_number else TEXTS
    came = pa.array(given, pa.float64() if is_number else pa.string())
    cleaned, faults = cells.clean(came, Rules(name, column, source.missing_tokens))
    kept = ~np.logical_or.reduce([np.zeros(len(given), bool), *(one.rows for one in faults if one.word == "reject")])
    assert kept.sum() > 1

    contract = Contract(inputs=(contracts.taken(problem, name),), outputs=(ANSWER,))
    served = columns_of([{name: value} for value in given], Contract.model_validate_json(contract.model_dump_json()))[
        name
    ]
    if is_number:
        learned = cleaned.to_numpy(zero_copy_only=False).astype("float32")
        assert np.array_equal(served[kept], learned[kept], equal_nan=True)
        one_by_one = [columns_of([{name: value}], contract)[name][0] for value in given]
        assert np.array_equal(served, np.array(one_by_one), equal_nan=True)
    else:
        assert [text.decode() or None for text in served[kept]] == np.array(cleaned.to_pylist(), object)[kept].tolist()


TIMES = [name for name, column in COLUMNS.items() if column.get("type") == "time"]


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("value", [*MOMENTS, *NO_MOMENTS])
def test_a_time_is_the_same_moment_to_cleaning_and_to_serving_or_is_none_to_both(problem, name, value):
    source, column = problem.sources["t"], problem.sources["t"].columns[name]
    cleaned, _ = cells.clean(pa.array([value]), Rules(name, column, source.missing_tokens))
    [learned] = cleaned.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False).astype("datetime64[s]")
    contract = Contract(inputs=(contracts.taken(problem, name),), outputs=(ANSWER,))
    try:
        [served] = columns_of([{name: value}], contract)[name]
    except ContractError:
        served = np.datetime64("NaT", "s")
    assert np.array_equal(served, learned, equal_nan=True)
    assert value not in NO_MOMENTS or np.isnat(learned)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *zip(
            TIMES,
            [
                "2013-11-03",
                "2013-11-03",
                "2013-11-03",
                "03/11/2013",
                "3-NOV-13 12:00 am",
                "11/3/2013 05:07:09Z",
                "Sun, 03 Nov 2013 17:05:00 +0100",
                "Sun Nov  3 02:30:00 2013",
                "03/Nov/2013:17:05:00 -0500",
                "2013年11月3日",
                "november 2013",
                201311,
                1383480000,
                1383480000_500,
                1383480000_500_000,
                1383480000_500_000_000,
            ],
            strict=True,
        )
    ],
)
def test_each_format_is_read(problem, name, value):
    contract = Contract(inputs=(contracts.taken(problem, name),), outputs=(ANSWER,))
    [served] = columns_of([{name: value}], contract)[name]
    assert str(served).startswith(("2013-11-02T23", "2013-11-03", "2013-11-01T00:00:00"))


@pytest.mark.parametrize("name", ["made", "clicked"])
@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.decimal128(30, 3)], ids=str)
def test_moments_that_are_counted_are_the_same_to_cleaning_and_to_serving(problem, name, kind):
    column = problem.sources["t"].columns[name]
    per_second = moment.COUNTED[column.format]
    seconds = [0, -1, 1383480000, 1700000000, -62_135_596_800, 253_402_300_799]
    counts = [*(second * per_second for second in seconds), 253_402_300_800 * per_second, 2**60]
    learned, faults = cells.clean(pa.array([*counts, None]).cast(kind, safe=False), Rules(name, column, ()))
    contract = Contract(inputs=(contracts.taken(problem, name),), outputs=(ANSWER,))
    served = columns_of([{name: count} for count in [*counts[:-2], None]], contract)[name]
    assert served[:-1].astype("int64").tolist() == seconds
    assert np.isnat(served[-1])
    assert learned.cast(pa.int64()).to_pylist() == [*(1_000_000 * second for second in seconds), None, None, None]
    assert [one.rows.nonzero()[0].tolist() for one in faults] == [[len(seconds), len(seconds) + 1]]
    for beyond in counts[-2:]:
        with pytest.raises(ContractError, match=rf"expected a time such as .*, or one written as {column.format}, got"):
            columns_of([{name: beyond}], contract)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("city", "category"),
        ("code", "category, one of A, B, STRASSE, and missing where it is none"),
        ("note", "text"),
        ("age", "number, 0 to 0.1, and missing beyond"),
        ("speed", "number, -5.5 to 70, and the nearer of them beyond"),
        ("price", "number, in $"),
        ("took", "number, in seconds"),
        ("day", "time, in ISO 8601, in UTC where it tells no offset"),
        ("sold", "time, in ISO 8601 or written as %d/%m/%Y, in Europe/Berlin where it tells no offset"),
        ("made", "time, in ISO 8601 or written as unix"),
    ],
)
def test_what_a_client_sends_is_told_in_words(problem, name, words):
    assert in_words(contracts.taken(problem, name)) == words


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("price", "the number that is expected, in $"),
        ("took", "the number that is expected, in seconds"),
        ("speed", "the number that is expected"),
        ("price * 2", "the number that is expected"),
        ("price - speed", "the number that is expected"),
    ],
)
def test_what_the_answer_counts_is_told_where_it_is_a_column_as_it_stands(problem, target, words):
    unit = contracts.answered(problem.model_copy(update={"target": target}))
    [prediction] = contracts.outputs(Target(task="regression", mean=0.0, scale=1.0), unit)
    assert prediction.meaning == words


@pytest.mark.parametrize(("name", "value", "unit"), [("price", "$5", r"\$"), ("took", "17:05", "seconds")])
def test_a_value_with_its_unit_is_refused_with_what_a_number_counts(problem, name, value, unit):
    contract = Contract(inputs=(contracts.taken(problem, name),), outputs=(ANSWER,))
    with pytest.raises(ContractError, match=f"expected a finite number or null, in {unit}, got '"):
        columns_of([{name: value}], contract)


def test_rules_that_set_rows_aside_refuse_no_request(problem):
    taken = contracts.taken(problem, "weight")
    assert (taken.range, Column(range=(0, 10)).outside) == (None, "reject")
