"""The problem file is checked whole, and tells every mistake at once."""

import tomllib

import pytest

from pipeline import problem
from pipeline.errors import ProblemError
from tests.sample import REPOSITORY

FLIGHTS = REPOSITORY / "problems" / "flights.toml"


@pytest.fixture
def raw():
    return tomllib.loads(FLIGHTS.read_text())


def mistakes(raw):
    """What parsing says is wrong, a line each."""
    with pytest.raises(ProblemError) as told:
        problem.parse(raw)
    return str(told.value).split("\n")[1:]


def test_it_works():
    flights = problem.load(FLIGHTS)
    assert flights.name == "flights"
    assert flights.kinds()["planes.model"] == "category"
    assert flights.kinds()["weekday"] == "number"


def test_every_mistake_is_told_at_once_with_the_nearest_name(raw):
    raw["tabel"] = "flights"
    raw["screen"]["max_psy"] = 1
    raw["sources"]["flights"]["columns"]["month"]["rnge"] = [1, 12]
    raw["sources"]["flights"]["columns"]["day"]["type"] = "numer"
    raw["features"]["columns"].append("tempp")
    raw["requirements"].append({"metric": "roc_auk", "min": 1})
    assert [mistake.strip() for mistake in mistakes(raw)] == [
        "sources.flights.columns.month.rnge: there is no such key; did you mean 'range'?",
        (
            "sources.flights.columns.day.type: expected 'number', 'integer', 'category', 'boolean', 'time' or 'text', "
            "got 'numer'; did you mean 'number'?"
        ),
        "screen.max_psy: there is no such key; did you mean 'max_psi'?",
        (
            "requirements.7.metric: expected 'accuracy', 'balanced_accuracy', 'precision', 'recall', 'f1', 'roc_auc', "
            "'pr_auc', 'log_loss', 'brier', 'ece', 'macro_f1', 'rmse', 'mae', 'median_error', 'p90_error', 'mape', "
            "'r2', 'latency_ms' or 'size_mb', got 'roc_auk'; did you mean 'roc_auc'?"
        ),
        "tabel: there is no such key; did you mean 'table'?",
        "features.columns: 'tempp' is no column; did you mean 'temp'?",
    ]


def test_the_time_of_a_source_must_be_one_of_its_columns_and_a_time(raw):
    raw["sources"]["flights"]["time"] = "time_our"
    raw["sources"]["weather"]["time"] = "temp"
    assert mistakes(raw) == [
        "  sources.flights.time: 'time_our' is no column of flights; did you mean 'time_hour'?",
        "  sources.weather.time: 'temp' must be a time; it is of type number",
    ]


@pytest.mark.parametrize("late", ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"])
def test_what_is_known_only_afterwards_cannot_become_a_feature(raw, late):
    raw["features"]["columns"].append(late)
    assert mistakes(raw) == [
        f"  features.columns: {late!r} is known only after the event (known = 'after'), and can't become a feature"
    ]


def test_neither_can_it_inside_an_expression(raw):
    raw["features"]["derived"]["head_start"] = "sched_arr_time - arr_time"
    assert "known only after the event" in mistakes(raw)[0]


def past(**changed):
    """A feature of the past, and what is changed in it."""
    whole = {"statistic": "count", "by": ["carrier"], "window": "7 days"} | changed
    return lambda raw: raw["features"].update(past={"p": whole})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda raw: raw.pop("target"), "target: must be given"),
        (lambda raw: raw["split"].update(validation=raw["split"]["test"]), "split: validation must begin before test"),
        (lambda raw: raw["joins"].update(weather=["origin"]), "joins.weather: must be the key of weather"),
        (lambda raw: raw["lookups"].update(planes="tailnumber"), "lookups.planes: 'tailnumber' is no column"),
        (
            lambda raw: raw["requirements"].append({"metric": "f1"}),
            "expected one of min, max, better_than and no_worse_than, got none",
        ),
        (lambda raw: raw.update(target="arr_delay >"), "target: expected an expression"),
        (lambda raw: raw.update(target="delay > 15"), "target: 'delay' is no column"),
        (lambda raw: raw["features"]["derived"].update(month="day"), "a column has that name already"),
        (lambda raw: raw["sources"]["flights"].update(key=["flightt"]), "'flightt' is no column of flights"),
        (
            lambda raw: raw["sources"]["planes"]["columns"]["seats"].update(known="after"),
            "'planes.seats' is known only",
        ),
        (
            lambda raw: raw["features"]["columns"].append("time_hour"),
            "'time_hour' must be a number or integer",
        ),
        (
            lambda raw: raw["features"]["derived"].update(n="carrier * 2"),
            "'carrier' must be a number",
        ),
        (lambda raw: raw.update(target="carrier > 1"), "target: 'carrier' is a category, and '1' is a number"),
        (
            lambda raw: raw["sources"]["planes"]["columns"].update(__reason__={}),
            "sources.planes: expected columns without __ on both sides, which are ours, got __reason__",
        ),
        (
            lambda raw: raw["sources"]["flights"]["columns"].update(at={"type": "time", "format": "%d/%m/%Y %d"}),
            "sources.flights.columns.at.format: expected each directive once, got '%d/%m/%Y %d'",
        ),
        (
            lambda raw: raw["sources"]["flights"]["columns"].update(at={"type": "time", "format": "%H:%M"}),
            (
                "expected a format that tells year and month, such as '%d/%m/%Y', "
                "or unix, unix_ms, unix_us, unix_ns; the year is not told"
            ),
        ),
        (lambda raw: raw["split"].update(time="month"), "split.time: 'month' must be a time; it is of type integer"),
        (past(by=["carier"]), "features.past.p.by: 'carier' is no column of flights; did you mean 'carrier'?"),
        (past(by=["month"]), "features.past.p.by: 'month' must be a category or boolean"),
        (past(by=["humid"]), "features.past.p.by: 'humid' is no column of flights"),
        (past(of="carrier"), "features.past.p.of: must be a number or a comparison, and 'carrier' is a category"),
        (past(of="carrier * 2"), "features.past.p.of: 'carrier' must be a number"),
        (past(statistic="sum"), "features.past.p: of must say what the sum is taken of"),
        (past(window="7"), "features.past.p.window: must be a number of days"),
        (past(window="0 days"), "features.past.p.window: input should be greater than or equal to 1"),
        (
            lambda raw: (past()(raw), raw["sources"]["flights"].pop("time")),
            "features.past.p: sources.flights.time must name the column that says the day of a row",
        ),
        (lambda raw: raw["features"].update(time_zone="New York"), "expected a time zone such as America/New_York"),
        (lambda raw: raw["split"].update(time_zone="Mars"), "split.time_zone: expected a time zone such as"),
        (lambda raw: raw["lookups"].update(planes="distance"), "lookups.planes: 'distance' must be a category"),
        (
            lambda raw: raw["lookups"].update(planes=["origin", "tailnumber"]),
            "lookups.planes: 'tailnumber' is no column",
        ),
        (
            lambda raw: raw["lookups"].update(planes=["origin", "tailnum"]),
            "lookups.planes: must name a column for each of sources.planes.key, ['tailnum'], got ['origin', 'tailnum']",
        ),
        (
            lambda raw: raw["sources"]["planes"].update(duplicates="keep"),
            "lookups.planes: a key must name one row, and sources.planes.duplicates is 'keep'",
        ),
        (
            lambda raw: raw["sources"]["planes"].pop("key"),
            "lookups.planes: must name a column for each of sources.planes.key, [], got ['tailnum']",
        ),
        (
            lambda raw: raw["sources"]["flights"]["columns"]["tailnum"].update(known="after"),
            "lookups.planes: 'tailnum' is known only after the event",
        ),
        (
            lambda raw: raw["sources"]["planes"]["columns"].update(tailnum={"type": "integer"}),
            "sources.planes.key: 'tailnum' must be a category; it is of type integer",
        ),
        (
            lambda raw: raw["requirements"].append({"metric": "latency_ms", "min": 1}),
            "requirements.7: expected a max alone for latency_ms, got min",
        ),
        (
            lambda raw: raw["requirements"].append({"metric": "size_mb", "max": 1, "every_slice": True}),
            "requirements.7: expected a max alone for size_mb, got every_slice, max",
        ),
        (
            lambda raw: raw["requirements"].append({"metric": "brier", "better_than": "prior", "every_slice": True}),
            "requirements.7: expected min, max or the live version for every slice, got the baseline prior",
        ),
        (
            lambda raw: (
                raw["requirements"].append({"metric": "brier", "max": 1, "every_slice": True}),
                raw.pop("slices"),
            ),
            "requirements.7.every_slice: needs slices = [...] to name columns, and none is",
        ),
        (
            lambda raw: raw["requirements"].append({"metric": "ece", "no_worse_than": "live"}),
            "requirements.7: expected min or max for ece, got no_worse_than",
        ),
        (
            lambda raw: raw["requirements"].append({"metric": "brier", "no_worse_than": "mean"}),
            (
                "requirements.7.no_worse_than: 'mean' is not for task = 'binary', "
                "which has prior, linear, gradient_boosting"
            ),
        ),
        (
            lambda raw: raw.update(decision={"best": "f1", "false_no": 5}),
            "decision: expected best, or false_yes and false_no, got best and false_no",
        ),
        (lambda raw: raw.update(slices=["carier"]), "slices: 'carier' is no column; did you mean 'carrier'?"),
    ],
)
def test_a_mistake_is_told(raw, change, told):
    change(raw)
    assert any(told in mistake for mistake in mistakes(raw))


def test_a_part_has_what_was_asked_for_and_nothing_else(raw):
    seen = problem.view(problem.parse(raw).part(("target", "split")))
    assert seen.target == "arr_delay > 15"
    assert seen.split.time_zone == "America/New_York"
    with pytest.raises(AttributeError):
        _ = seen.sources


def test_a_client_sends_the_raw_columns_behind_the_features(raw):
    inputs = problem.parse(raw).inputs(("planes.seats", "weekday", "carrier"))
    assert inputs == ["carrier", "day", "month", "tailnum", "year"]


def test_a_client_sends_all_columns_that_a_look_up_goes_by(raw):
    raw["sources"]["planes"]["key"] = ["tailnum", "model"]
    raw["lookups"]["planes"] = ["tailnum", "carrier"]
    assert problem.parse(raw).inputs(("planes.seats",)) == ["carrier", "tailnum"]


def test_a_problem_file_that_is_not_there_is_told_with_those_that_are(tmp_path):
    (tmp_path / "flights.toml").touch()
    with pytest.raises(ProblemError, match="Known problems: flights"):
        problem.load(tmp_path / "flihgts.toml")


@pytest.mark.parametrize(("content", "told"), [(b"name = ", "must be TOML"), (b"\xff", "must be UTF-8")])
def test_a_problem_file_that_cannot_be_read_is_told(tmp_path, content, told):
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(ProblemError, match=told):
        problem.load(path)


def test_a_problem_is_called_as_its_file_is(tmp_path):
    copy = tmp_path / "late.toml"
    copy.write_text(FLIGHTS.read_text() + "\n[traning]\nepochs = 1\n")
    with pytest.raises(ProblemError, match="name: expected 'late', as the file is called, got 'flights'") as error:
        problem.load(copy)
    assert "traning" in str(error.value)


def test_where_the_bytes_of_a_source_lie_makes_no_stage_stale(raw):
    before = problem.parse(raw).part(("sources",))
    for source in raw["sources"].values():
        source["path"] = f"/elsewhere/{source['path']}"
        source.pop("package", None)
    assert problem.parse(raw).part(("sources",)) == before


def test_metrics_and_baselines_must_be_those_of_the_task_and_only_yes_or_no_has_a_threshold(raw):
    raw["task"], raw["target"] = "regression", "arr_delay"
    raw["requirements"] = [{"metric": "rmse", "better_than": "mean"}, {"metric": "brier", "better_than": "prior"}]
    assert mistakes(raw) == [
        "  decision: is for task = 'binary', which alone has a threshold; take [decision] out",
        (
            "  requirements.1.metric: 'brier' is not for task = 'regression', "
            "which has rmse, mae, median_error, p90_error, mape, r2"
        ),
        (
            "  requirements.1.better_than: 'prior' is not for task = 'regression', which has mean, linear, "
            "gradient_boosting"
        ),
    ]


def test_the_target_of_several_classes_is_the_name_of_a_column(raw):
    raw["task"], raw["target"], raw["requirements"] = "multiclass", "carrier", []
    del raw["decision"]
    assert problem.parse(raw).task == "multiclass"
    raw["target"] = "month + day"
    assert mistakes(raw) == ["  target: must be the name of the column with the label, got 'month + day'"]


@pytest.mark.parametrize("name", ["Sale Price", "late?", "größe", "class"])
@pytest.mark.parametrize(
    ("task", "kind"),
    [("binary", "number"), ("binary", "boolean"), ("multiclass", "category"), ("regression", "number")],
)
def test_a_target_is_the_name_of_a_column_also_where_that_is_no_plain_word(raw, name, task, kind):
    raw["sources"]["flights"]["columns"][name] = {"type": kind, "known": "after"}
    raw["task"], raw["target"], raw["requirements"] = task, f"`{name}`", []
    if task != "binary":
        del raw["decision"]
    assert problem.parse(raw).task == task


WRITTEN_OUT = [
    ({"path": "https://ghp_x@example.org/orders.csv"}, "who asks over HTTP must come from the environment"),
    (
        {"path": "simplecache::https://ghp_x@example.org/orders.csv"},
        "who asks over HTTP must come from the environment",
    ),
    ({"path": "https://ada:hunter2@example.org/orders.csv"}, "a password must come from the environment"),
    ({"path": "https://${WHO}:@example.org/orders.csv"}, "a password must come from the environment"),
    ({"path": "https://example.org/orders.csv?sv=1&sig=x"}, "url: sig must come from the environment"),
    ({"path": "https://example.org/orders.csv?token=${A}&token=x"}, "url: token must come from the environment"),
    ({"path": "s3://shop/orders", "options": {"client_kwargs": {"awsAccessKeyId": "x"}}}, "awsAccessKeyId must come"),
    (
        {"path": "https://example.org/a.csv", "options": {"headers": {"X-Auth": "x"}}},
        "options.headers: X-Auth must come",
    ),
    ({"path": "s3://shop/orders", "options": {"auth": ["ada", "x"]}}, "options: auth must come from the environment"),
    ({"sql": {"url": "postgresql://ada@db/shop?password=x", "table": "orders"}}, "url: password must come"),
    ({"sql": {"url": "postgresql://db/shop?user=ada&pwd=x", "table": "orders"}}, "url: pwd must come"),
    ({"api": {"url": "https://ghp_x@example.org"}}, "who asks over HTTP must come from the environment"),
    ({"api": {"url": "https://example.org?access_key=x"}}, "url: access_key must come from the environment"),
    ({"api": {"url": "https://example.org", "headers": {"X-Auth": "x"}}}, "headers: X-Auth must come"),
    ({"api": {"url": "https://example.org", "headers": {"Shop": "x"}}}, "headers: Shop must come"),
    *(
        ({"api": {"url": "https://example.org", "parameters": {name: "x"}}}, f"parameters: {name} must come")
        for name in ("auth", "appid", "APPID", "key", "APIKey", "api-key", "userPass", "x.signature", "client_secret")
    ),
]


@pytest.mark.parametrize(("origin", "why"), WRITTEN_OUT)
def test_a_secret_that_is_written_out_is_a_mistake(raw, origin, why):
    raw["sources"]["planes"].pop("path")
    raw["sources"]["planes"].pop("package", None)
    raw["sources"]["planes"] |= origin
    [told] = mistakes(raw)
    assert why in told
    assert "write ${NAME}" in told
    assert not any(secret in told for secret in ("ghp_x", "hunter2"))


FROM_THE_ENVIRONMENT = [
    {"path": "https://${TOKEN}@example.org/orders.csv"},
    {"path": "https://ada:${PASSWORD}@example.org/orders.csv?sig=${SIG}"},
    {"path": "sftp://ada@example.org/orders.csv"},
    {"path": "abfss://orders@shop.dfs.core.windows.net/*.parquet", "options": {"account_key": "${KEY}"}},
    {"path": "s3://shop/orders", "options": {"auth": ["${WHO}", "${PASSWORD}"], "anon": False}},
    {"sql": {"url": "postgresql://ada:${PASSWORD}@db/shop", "table": "orders"}},
    {"sql": {"url": "postgresql://ada@db/shop?sslkey=/etc/shop.pem", "table": "orders"}},
    {"sql": {"url": "${DATABASE_URL}", "table": "orders"}},
    {
        "api": {
            "url": "https://example.org?page=1",
            "parameters": dict.fromkeys(("author", "keyword", "design", "passenger", "compass", "apply", "id"), "x"),
            "headers": {
                "Accept": "application/json",
                "accept-language": "en",
                "User-Agent": "shop",
                "X-GitHub-Api-Version": "2022-11-28",
                "X-Auth": "${TOKEN}",
                "Authorization": "Bearer ${TOKEN}",
            },
        }
    },
]


@pytest.mark.parametrize("origin", FROM_THE_ENVIRONMENT)
def test_what_is_no_secret_may_be_written_out(raw, origin):
    raw["sources"]["planes"].pop("path")
    raw["sources"]["planes"].pop("package", None)
    raw["sources"]["planes"] |= origin
    problem.parse(raw)
