"""Doubts: why a figure settles nothing, whatever its interval says."""

LEAST = 30
"""Of fewer rows, or groups of rows, the bootstrap's interval is too narrow (Hesterberg 2015, "What Teachers Should Know
About the Bootstrap")."""
LEAST_ANSWERS = 10
"""Rows of yes, and rows of no."""
MOST_OF_ONE_ROW = 0.1
"""The share of the squared error that a single row may carry: of heavy tails the bootstrap's interval is too narrow
(Athreya 1987)."""


def too_few(count: int, what: str, least: int) -> str:
    """The reason where there are too few of something."""
    return f"too few {what}: {count}, and {least} are the least"
