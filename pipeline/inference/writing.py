"""The problem file of what was concluded: what differs from the defaults, with a comment where there was doubt."""

import json
import math
import re
from typing import Any

from pipeline.inference.found import Found
from pipeline.inference.kinds import LARGEST_WHOLE, NUMERIC, Column
from pipeline.inference.pages import MORE
from pipeline.inference.roles import NEWEST, NEXT, slices
from pipeline.problem import Source
from pipeline.problem.source import MISSING_TOKENS

WIDTH = 110
REQUIREMENT = {"binary": ("log_loss", "roc_auc"), "multiclass": ("log_loss", "accuracy"), "regression": ("rmse", "r2")}
GUESS = {"binary": "prior", "multiclass": "prior", "regression": "mean"}
SHARES = "70 % to train on, 15 % to choose with, 15 % to judge by"
FEW_LEVELS = 12
DECISION = (
    "",
    "# What mistakes cost; without it the threshold between yes and no is that of the best F1:",
    "# [decision]",
    "# false_yes = 1",
    "# false_no = 5",
)
NOTES = """\
# What no figure tells, for the card and the report of every version:
# [notes]
# uses = "Who asks it, for what; and what it is not for."
# limitations = "Where it should not be trusted."\
"""


def written(found: Found, name: str, command: str) -> str:
    """The text of ``problems/<name>.toml``."""
    blocks = [_head(found, name, command), _features(found), _split(found), _requirements(found)]
    return "\n\n".join([*filter(None, blocks), NOTES, _source(found, name)]) + "\n"


def _head(found: Found, name: str, command: str) -> str:
    answer = " ".join(found.target.replace("`", "").split())
    title = {"binary": f"Is {answer}?", "multiclass": f"Which {answer}?", "regression": f"How much is {answer}?"}
    lines = [
        _comment(f"Written by `{command}`"),
        f"# from {found.rows:,} rows and {len(found.table.names)} columns. It is yours now: read it and change it.",
    ]
    if found.unsure:
        lines += ["#", "# Not sure of:", *(_comment(f"  {one}") for one in found.unsure)]
    lines += [
        "",
        f"name = {_text(name)}",
        f"title = {_text(title[found.task])}",
        *([f'task = "{found.task}" {_comment(found.why)}'] if found.task != "binary" else []),
        f"table = {_text(name)}",
        f"target = {_text(found.target)}" + (f" {_comment(found.why)}" if found.task == "binary" else ""),
    ]
    by = slices(found.features)
    return "\n".join([*lines, *([f"slices = {_list(by)}"] if by else [])])


def _features(found: Found) -> str:
    names = [one.name for one in found.features]
    lines = ["[features]", f"columns = {_list(names)}"]
    lines += [_comment(f"without {_key(name)}: {why}") for name, why in found.left_out.items()]
    if found.derived:
        lines += ["", "[features.derived]", *(f"{name} = {_text(text)}" for name, text in found.derived.items())]
    return "\n".join(lines)


def _split(found: Found) -> str:
    if found.time and found.windows:
        return "\n".join(
            [
                "[split] # train on the oldest 70 % of the rows, choose on the next 15 %, judge on the newest",
                f"time = {_text(found.time)}",
                f"validation = {NEXT} # of these rows those from {found.windows[0]} on",
                f"test = {NEWEST} # those from {found.windows[1]} on",
            ]
        )
    if found.stratified:
        return f'[split] # {SHARES}; each class in these shares\nby = "random"\nstratify = true'
    lines = [f"[split] # {SHARES}; a row stays where it is when others come"]
    return "\n".join([*lines, 'by = "hash"', *([f"group = {_text(found.group)}"] if found.group else [])])


def _requirements(found: Found) -> str:
    metric, other = REQUIREMENT[found.task]
    return "\n".join(
        [
            "[[requirements]] # the least: a model that knows its columns beats a guess that does not",
            f'metric = "{metric}"',
            f'better_than = "{GUESS[found.task]}"',
            "",
            "# When you know what an answer must be worth, and how much it may lose to the version that is live:",
            "# [[requirements]]",
            f'# metric = "{other}"',
            "# min = 0.8",
            "# [[requirements]]",
            f'# metric = "{metric}"',
            '# no_worse_than = "live"',
            "# by = 0.01",
            *(DECISION if found.task == "binary" else ()),
        ]
    )


def _source(found: Found, name: str) -> str:
    lines = [f"[sources.{name}]", *_origin(found.table.source)]
    lines += [f"key = {_list([found.key])}"] if found.key else []
    lines += [f"time = {_text(found.time)}"] if found.time else []
    if found.equal_by_chance:
        lines.append(f'duplicates = "keep" {_comment(found.equal_by_chance)}')
    if found.missing_tokens:
        lines.append(f"missing_tokens = {_list([*MISSING_TOKENS, *found.missing_tokens])}")
    lines += ["", f"[sources.{name}.columns]"]
    features = {one.name for one in found.features}
    lines += [_column(column, found, feature=column.name in features) for column in found.named]
    return "\n".join(lines)


def _origin(source: Source) -> list[str]:
    told = source.model_dump(mode="json", include={"path", "options", "csv", "sql", "api"}, exclude_defaults=True)
    lines = [f"{key} = {_value(value)}" for key, value in told.items()]
    return [f"# It reads one page. {MORE}", *lines] if source.api and not source.api.next else lines


def _column(column: Column, found: Found, *, feature: bool) -> str:
    rules: dict[str, Any] = {} if column.kind == "number" else {"type": column.kind}
    rules |= column.rules
    if column.name in found.answers:
        rules |= _only_answers(column) if found.task == "binary" else {}
        rules["known"] = "after"
    if column.name in (found.key, found.time, found.group):
        rules["missing"] = "reject"
    if feature and column.kind in ("number", "integer") and not column.marked:
        rules |= {"range": _room(column), "outside": "warn"}
    levels = sorted(column.seen.levels)
    if feature and column.kind == "category" and 0 < len(levels) <= FEW_LEVELS and not column.rules:
        rules |= {"allowed": levels, "outside": "warn"}
    doubt = f" {_comment(column.unsure)}" if column.unsure else ""
    return f"{_key(column.name)} = {_inline(rules)}{doubt}"


def _only_answers(column: Column) -> dict[str, Any]:
    """The rule that keeps a third label from being taken for no; none for an amount that is compared."""
    if column.kind == "category" and len(column.levels) <= FEW_LEVELS:
        return {"allowed": sorted(column.levels)}
    if column.kind in NUMERIC and column.seen.distinct == 2 and not column.marked:
        low, high = column.seen.low, column.seen.high
        return {"range": [int(one) if one.is_integer() else one for one in (low, high)]}
    return {}


def _comment(text: str) -> str:
    """What comes from a table may have line breaks in it, and a comment has none."""
    return "# " + re.sub(r"[\x00-\x1f\x7f]", lambda found: repr(found[0])[1:-1], text)


def _room(column: Column) -> list[float]:
    """The range of a column's values with half of its width on either side, in round numbers; a sign stays."""
    low, high = column.seen.low, column.seen.high
    step = 10 ** math.floor(math.log10(max(high - low, 1e-9)))
    half = (high - low) / 2
    wide = [math.floor((low - half) / step) * step, math.ceil((high + half) / step) * step]
    if low >= 0:
        wide[0] = max(wide[0], 0)
    if high <= 0:
        wide[1] = min(wide[1], 0)
    return [int(one) if float(one).is_integer() and abs(one) < LARGEST_WHOLE else round(float(one), 12) for one in wide]


def _inline(values: dict[str, Any]) -> str:
    if not values:
        return "{}"
    return "{ " + ", ".join(f"{key} = {_value(value)}" for key, value in values.items()) + " }"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return _inline(value)
    if isinstance(value, bool):
        return str(value).lower()
    return _list(value) if isinstance(value, list) else _text(value) if isinstance(value, str) else str(value)


def _list(values: list[Any]) -> str:
    """On a line where it fits, else on as many as it takes."""
    words = [_value(value) for value in values]
    if sum(len(word) + 2 for word in words) <= WIDTH - 10:
        return f"[{', '.join(words)}]"
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + 4 > WIDTH:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{word},"
    return "[\n" + "\n".join(f"  {line}" for line in lines) + "\n]"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(text: str) -> str:
    """In quotes, and spaces that look like others by their number."""
    return re.sub("[\x7f\u00a0\u202f]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
