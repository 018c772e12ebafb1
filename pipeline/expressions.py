"""Expressions over columns, as a problem file writes them: ``arr_delay > 15``, ``weekday(year, month, day)``.

One definition serves both sides. An expression is evaluated with Python's own operators, so that the same code works
on NumPy arrays (the target, in the pipeline) and on TensorFlow tensors (a feature, inside the SavedModel).
Numbers are float32 on both sides, and missing (NaN) where an operand is missing. A column whose name is no word of
Python stands between backticks: `` `sale price` > 100 ``.
"""

import ast
import keyword
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

QUOTED = re.compile(r"`([^`]+)`")
STAND_IN = "__quoted_"
"""Begins the word that stands for a quoted name while Python parses."""
OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
}
COMPARISONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Eq: operator.eq,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


def clock(hhmm: Any) -> Any:
    """Minutes after midnight of a time written as the number HHMM: 1730 is 1050."""
    hours = whole(hhmm, 100)
    return hours * 60 + (hhmm - hours * 100)


def day_number(year: Any, month: Any, day: Any) -> Any:
    """The Julian day number of a date of the Gregorian calendar (Fliegel and Van Flandern 1968)."""
    early = whole(14 - month, 12)
    years = year + 4800 - early
    months = month + 12 * early - 3
    leap_days = whole(years, 4) - whole(years, 100) + whole(years, 400)
    return day + whole(153 * months + 2, 5) + 365 * years + leap_days - 32045


def weekday(year: Any, month: Any, day: Any) -> Any:
    """The day of the week of a date: 0 is Monday, 6 is Sunday."""
    days = day_number(year, month, day)
    return days - 7 * whole(days, 7)


def day_of_year(year: Any, month: Any, day: Any) -> Any:
    """The day of the year of a date: 1 is the first of January."""
    return day_number(year, month, day) - day_number(year, month * 0 + 1, day * 0 + 1) + 1


def whole(number: Any, divisor: int) -> Any:
    """How often ``divisor`` goes into a whole number.

    The half added makes the quotient of whole numbers robust where a compiler divides by multiplying.
    """
    return (number + 0.5) // divisor


FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "clock": (1, clock),
    "day_of_year": (3, day_of_year),
    "weekday": (3, weekday),
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
    return tree


def quote(column: str) -> str:
    """A column's name as an expression writes it."""
    return column if column.isidentifier() and column.isascii() and not keyword.iskeyword(column) else f"`{column}`"


def columns(text: str) -> list[str]:
    """The columns that an expression reads, in the order of their first use."""
    return list(dict.fromkeys(_names(parse(text))))


def evaluate(text: str, values: Mapping[str, Any]) -> Any:
    """The value of an expression, from the value (an array or a tensor of float32) of each column that it reads."""
    return _value(parse(text), values)


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


def _check(node: ast.AST, text: str) -> None:
    match node:
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            if len(arguments) != FUNCTIONS[name][0]:
                raise ValueError(f"{name} takes {FUNCTIONS[name][0]} columns, got {len(arguments)} in {text!r}")
        case ast.Call():
            raise ValueError(f"expected a call of {', '.join(FUNCTIONS)}, got {ast.unparse(node)!r}")
        case ast.Constant(value=value) if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"expected numbers and columns, got {value!r} in {text!r}")
        case ast.Compare(ops=[operation]) if type(operation) in COMPARISONS:
            pass
        case (
            ast.Name()
            | ast.Attribute(value=ast.Name())
            | ast.Constant()
            | ast.BinOp()
            | ast.UnaryOp()
            | ast.expr_context()
        ):
            pass
        case ast.operator() | ast.unaryop() if type(node) in OPERATORS:
            pass
        case ast.cmpop() if type(node) in COMPARISONS:
            pass
        case _:
            raise ValueError(f"expected columns, numbers, + - * / // %, one comparison or a call, got {text!r}")


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    if (name := _column(node)) is not None:
        return values[name]
    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=operation, operand=operand):
            return OPERATORS[type(operation)](_value(operand, values))
        case ast.BinOp(left=left, op=operation, right=right):
            return OPERATORS[type(operation)](_value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=[operation], comparators=[right]):
            return COMPARISONS[type(operation)](_value(left, values), _value(right, values))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name][1](*(_value(argument, values) for argument in arguments))
    raise ValueError(f"no value for {ast.unparse(node)!r}")
