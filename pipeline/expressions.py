"""Expressions over columns, as a problem file writes them: ``arr_delay > 15``, ``weekday(year, month, day)``.

One definition serves both sides: an expression is evaluated with Python's own operators and the few functions of
``xp``, which is NumPy (in the pipeline) or has TensorFlow's functions under NumPy's names (inside the SavedModel).
A number is float32 and a time a ``civil.Moment``; a category can be compared with a text. A column whose name is no
word of Python stands between backticks: `` `sale price` > 100 ``.
"""

import ast
import keyword
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

from pipeline import civil

Kind = Literal["number", "category", "time", "truth"]
WORDS = {"number": "a number", "category": "a category", "time": "a time", "truth": "a comparison"}
CROSS = "cross"
BETWEEN = " | "
"""What stands between the values of a cross."""

QUOTED = re.compile(r"`([^`]+)`")
STAND_IN = "__quoted_"
"""Begins the word that stands for a quoted name while Python parses."""
ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Mod: operator.mod,
}
QUOTIENTS = (ast.Div, ast.FloorDiv)
EQUALITY: dict[type[ast.AST], Callable[..., Any]] = {ast.Eq: operator.eq, ast.NotEq: operator.ne}
COMPARISONS: dict[type[ast.AST], Callable[..., Any]] = {
    **EQUALITY,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


@dataclass(frozen=True)
class Function:
    """What a function takes and gives; with ``more``, the last argument may be given several times."""

    takes: tuple[Kind, ...]
    call: Callable[..., Any]
    more: bool = False

    def fits(self, kinds: list[Kind]) -> bool:
        """Whether it can be called with arguments of these kinds."""
        takes = self.takes + self.takes[-1:] * (len(kinds) - len(self.takes)) if self.more else self.takes
        return tuple(kinds) == takes

    def __str__(self) -> str:
        """As it stands in a message: number, number, ..."""
        return ", ".join(self.takes) + (", ..." if self.more else "")


def _clock(xp: Any, hhmm: Any) -> Any:
    hours = civil.whole(hhmm, 100, xp)
    return hours * 60 + (hhmm - hours * 100)


def _weekday(xp: Any, year: Any, month: Any, day: Any) -> Any:
    return civil.weekday(civil.day_number(year, month, day, xp), xp)


def _day_of_year(xp: Any, year: Any, month: Any, day: Any) -> Any:
    return civil.day_of_year(civil.day_number(year, month, day, xp), year, xp)


def _seconds(xp: Any, start: civil.Moment, end: civil.Moment) -> Any:
    return xp.float32(end.seconds - start.seconds)


def _log(xp: Any, number: Any) -> Any:
    return xp.where(number > 0, xp.log(xp.where(number > 0, number, 1.0)), math.nan)


def _cycle(wave: str) -> Callable[..., Any]:
    def cycle(xp: Any, number: Any, period: Any) -> Any:
        turns = number / period
        return getattr(xp, wave)((turns - xp.floor(turns)) * (2 * math.pi))

    return cycle


def _bin(xp: Any, number: Any, *edges: Any) -> Any:
    return reduce(operator.add, (xp.float32(number >= edge) for edge in edges))


def _extreme(compare: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def extreme(xp: Any, *numbers: Any) -> Any:
        def better(one: Any, other: Any) -> Any:
            stays = xp.logical_or(compare(one, other), one != one)  # noqa: PLR0124 - what can't be computed stays so
            return xp.where(stays, one, other)

        return reduce(better, numbers)

    return extreme


FUNCTIONS: dict[str, tuple[Function, ...]] = {
    "clock": (Function(("number",), _clock),),
    "year": (Function(("time",), lambda _, time: time.date[0]),),
    "month": (Function(("time",), lambda _, time: time.date[1]),),
    "day": (Function(("time",), lambda _, time: time.date[2]),),
    "hour": (Function(("time",), lambda xp, time: xp.floor(time.second / 3600)),),
    "minute": (Function(("time",), lambda xp, time: xp.floor(time.second / 60) % 60),),
    "week": (Function(("time",), lambda xp, time: civil.week(time.days, xp)),),
    "weekday": (
        Function(("time",), lambda xp, time: civil.weekday(time.days, xp)),
        Function(("number", "number", "number"), _weekday),
    ),
    "day_of_year": (
        Function(("time",), lambda xp, time: civil.day_of_year(time.days, time.date[0], xp)),
        Function(("number", "number", "number"), _day_of_year),
    ),
    "seconds_between": (Function(("time", "time"), _seconds),),
    "days_between": (Function(("time", "time"), lambda xp, start, end: _seconds(xp, start, end) / civil.DAY),),
    "sin_cycle": (Function(("number", "number"), _cycle("sin")),),
    "cos_cycle": (Function(("number", "number"), _cycle("cos")),),
    "log": (Function(("number",), _log),),
    "abs": (Function(("number",), lambda xp, number: xp.abs(number)),),
    "min": (Function(("number", "number"), _extreme(operator.lt), more=True),),
    "max": (Function(("number", "number"), _extreme(operator.gt), more=True),),
    "bin": (Function(("number", "number"), _bin, more=True),),
}


def parse(text: str) -> ast.expr:
    """The syntax tree of an expression.

    Raises:
        ValueError: the text is no expression, or says something that this small language has no word for.
    """
    quoted: list[str] = []

    def stand_in(found: re.Match[str]) -> str:
        quoted.append(found[1])
        return f" {STAND_IN}{len(quoted) - 1} "

    try:
        tree = ast.parse(QUOTED.sub(stand_in, text).strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"expected an expression such as 'arr_delay > 15', got {text!r}: {error.msg}") from None
    for node in ast.walk(tree):
        _check(node, text)
        if isinstance(node, ast.Name) and node.id.startswith(STAND_IN):
            node.id = quoted[int(node.id.removeprefix(STAND_IN))]
    if any(_is_cross(node) for node in ast.walk(tree) if node is not tree):
        raise ValueError(f"{CROSS} must be the whole expression, got {text!r}")
    if not _names(tree):
        raise ValueError(f"expected an expression with a column, got {text!r}")
    return tree


def quote(column: str) -> str:
    """A column's name as an expression writes it.

    Raises:
        ValueError: it has a backtick in it, or nothing.
    """
    if "`" in column or not column:
        raise ValueError(f"{column!r} must be renamed, for no expression can name a column with a backtick, or no name")
    return column if column.isidentifier() and column.isascii() and not keyword.iskeyword(column) else f"`{column}`"


def columns(text: str) -> list[str]:
    """The columns that an expression reads, in the order of their first use."""
    return list(dict.fromkeys(_names(parse(text))))


def crossed(text: str) -> list[str]:
    """The columns whose values an expression crosses; none where it is no cross."""
    tree = parse(text)
    return columns(text) if _is_cross(tree) else []


def alike(one: str, other: str) -> bool:
    """Whether two expressions say the same, however they are written."""
    try:
        return one == other or ast.dump(parse(one)) == ast.dump(parse(other))
    except ValueError:
        return False


def kind(text: str, kinds: Mapping[str, Kind]) -> Kind:
    """What an expression gives, from what each column that it reads is.

    Raises:
        ValueError: something in it is not of the kind that it must be.
    """
    return _kind(parse(text), kinds)


def evaluate(text: str, values: Mapping[str, Any], xp: Any, computed: dict[str, Any] | None = None) -> Any:
    """The value of an expression, from the value of each column that it reads; NaN where it can't be computed.

    What it gives where a column is missing is for the caller to replace.

    Args:
        computed: what parts of expressions gave of the same columns before; what those of this one give is put there.
    """
    return _value(parse(text), values, xp, {} if computed is None else computed)


def _names(node: ast.AST) -> list[str]:
    if (name := _column(node)) is not None:
        return [name]
    if isinstance(node, ast.Call):
        return [name for argument in node.args for name in _names(argument)]
    return [name for child in ast.iter_child_nodes(node) for name in _names(child)]


def _column(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return None


def _is_cross(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == CROSS


def _check(node: ast.AST, text: str) -> None:  # noqa: C901 - one case a word of the language
    match node:
        case ast.Call(func=ast.Name(id=name), args=[_, *_], keywords=[]) if name in FUNCTIONS:
            pass
        case ast.Call(func=ast.Name(id=name), args=[_, _, *_] as arguments, keywords=[]) if name == CROSS:
            if not all(_column(argument) for argument in arguments):
                raise ValueError(f"{CROSS} takes columns, got {text!r}")
        case ast.Call():
            raise ValueError(f"expected a call of {', '.join([*FUNCTIONS, CROSS])}, got {ast.unparse(node)!r}")
        case ast.Constant(value=value) if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(f"expected numbers, texts and columns, got {value!r} in {text!r}")
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Tuple(elts=[_, *_] as among)]):
            if any(_names(one) for one in among):
                raise ValueError(f"in takes numbers or texts in brackets, got {text!r}")
        case ast.Compare(ops=[operation]) if type(operation) in COMPARISONS:
            pass
        case (
            ast.Name()
            | ast.Attribute(value=ast.Name())
            | ast.Constant()
            | ast.BinOp()
            | ast.UnaryOp()
            | ast.BoolOp()
            | ast.IfExp()
            | ast.Tuple()
            | ast.expr_context()
            | ast.boolop()
            | ast.Not()
            | ast.USub()
            | ast.In()
            | ast.NotIn()
        ):
            pass
        case ast.operator() if type(node) in ARITHMETIC or isinstance(node, QUOTIENTS):
            pass
        case ast.cmpop() if type(node) in COMPARISONS:
            pass
        case _:
            raise ValueError(f"expected columns, numbers, + - * / // %, a comparison or a call, got {text!r}")


def _kind(node: ast.expr, kinds: Mapping[str, Kind]) -> Kind:  # noqa: C901, PLR0911 - one case a word of the language
    if (name := _column(node)) is not None:
        return kinds[name]
    match node:
        case ast.Constant(value=value):
            return "category" if isinstance(value, str) else "number"
        case ast.Compare(left=left, ops=[operation], comparators=[right]):
            _check_comparison(left, operation, right, kinds)
            return "truth"
        case ast.BoolOp(values=parts):
            for part in parts:
                _expect(part, "truth", kinds)
            return "truth"
        case ast.UnaryOp(op=operation, operand=operand):
            return _expect(operand, "truth" if isinstance(operation, ast.Not) else "number", kinds)
        case ast.BinOp(left=left, right=right):
            _expect(left, "number", kinds)
            return _expect(right, "number", kinds)
        case ast.IfExp(test=test, body=body, orelse=other):
            _expect(test, "truth", kinds)
            _expect(body, "number", kinds)
            return _expect(other, "number", kinds)
        case ast.Call(args=arguments) if _is_cross(node):
            for argument in arguments:
                _expect(argument, "category", kinds)
            return "category"
        case ast.Call(func=ast.Name(id=called), args=arguments):
            given = [_kind(argument, kinds) for argument in arguments]
            if not any(function.fits(given) for function in FUNCTIONS[called]):
                takes = " or ".join(f"({function})" for function in FUNCTIONS[called])
                raise ValueError(f"{called} takes {takes}, got ({', '.join(given)})")
            return "number"
    raise ValueError(f"expected an expression, got {ast.unparse(node)!r}")


def _expect(node: ast.expr, wanted: Kind, kinds: Mapping[str, Kind]) -> Kind:
    found = _kind(node, kinds)
    if found != wanted:
        raise ValueError(f"{ast.unparse(node)!r} must be {WORDS[wanted]}; it is {WORDS[found]}")
    return found


def _check_comparison(left: ast.expr, operation: ast.cmpop, right: ast.expr, kinds: Mapping[str, Kind]) -> None:
    first = _kind(left, kinds)
    for other in right.elts if isinstance(right, ast.Tuple) else [right]:
        second = _kind(other, kinds)
        if first != second:
            raise ValueError(f"{ast.unparse(left)!r} is {WORDS[first]}, and {ast.unparse(other)!r} is {WORDS[second]}")
    if first == "truth" or (first == "category" and type(operation) in COMPARISONS.keys() - EQUALITY.keys()):
        raise ValueError(f"{WORDS[first]} can only be compared by == and !=, got {ast.unparse(left)!r}")


def _value(  # noqa: C901, PLR0911 - as above
    node: ast.expr, values: Mapping[str, Any], xp: Any, computed: dict[str, Any]
) -> Any:
    if (name := _column(node)) is not None:
        return values[name]

    def of(part: ast.expr) -> Any:
        written = ast.dump(part)
        if written not in computed:
            computed[written] = _value(part, values, xp, computed)
        return computed[written]

    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return xp.logical_not(of(operand))
        case ast.UnaryOp(operand=operand):
            return -of(operand)
        case ast.BinOp(left=left, op=ast.Div() | ast.FloorDiv() as operation, right=right):
            quotient = _quotient(of(left), of(right), xp)
            return xp.floor(quotient) if isinstance(operation, ast.FloorDiv) else quotient
        case ast.BinOp(left=left, op=operation, right=right):
            return ARITHMETIC[type(operation)](of(left), of(right))
        case ast.BoolOp(op=joined, values=parts):
            together = xp.logical_and if isinstance(joined, ast.And) else xp.logical_or
            return reduce(together, map(of, parts))
        case ast.IfExp(test=test, body=body, orelse=other):
            both = (of(body), of(other))
            return xp.where(of(test), *(xp.float32(one) if isinstance(one, int | float) else one for one in both))
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn() as operation], comparators=[ast.Tuple(elts=among)]):
            found = reduce(xp.logical_or, (_comparable(of(left)) == of(one) for one in among))
            return xp.logical_not(found) if isinstance(operation, ast.NotIn) else found
        case ast.Compare(left=left, ops=[operation], comparators=[right]):
            return COMPARISONS[type(operation)](_comparable(of(left)), _comparable(of(right)))
        case ast.Call(func=ast.Name(id=called), args=arguments):
            given = [of(argument) for argument in arguments]
            moments = [isinstance(one, civil.Moment) for one in given]
            [function] = [
                one for one in FUNCTIONS[called] if one.fits(["time" if moment else "number" for moment in moments])
            ]
            return function.call(xp, *given)
    raise ValueError(f"no value for {ast.unparse(node)!r}")


def _comparable(value: Any) -> Any:
    return value.seconds if isinstance(value, civil.Moment) else value


def _quotient(one: Any, other: Any, xp: Any) -> Any:
    if isinstance(other, int | float):
        return one / other if other else one * math.nan
    zero = other == 0
    return xp.where(zero, math.nan, one / xp.where(zero, 1.0, other))
