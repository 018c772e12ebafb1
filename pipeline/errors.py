"""The faults that their reader can mend.

PlumblineError
├── ProblemError    the problem file says something that can't hold
├── DataError       the data is not what the problem file says
├── StageError      a stage of the run failed
├── LineageError    what was asked for has no record
├── DiskError       the disk can't hold what is made
└── AlreadyRunning  another run works on the same data folder

Each message says what must hold, what was received and what to do; none needs a traceback to be understood.
"""


class PlumblineError(Exception):
    """A fault that its reader can mend: shown as its message alone, without a traceback."""


class ProblemError(PlumblineError):
    """The problem file says something that can't hold; the message lists every mistake at once."""


class DataError(PlumblineError):
    """The data is not what the problem file says."""


class StageError(PlumblineError):
    """A stage failed for a reason that is no fault of the problem file or the data."""


class LineageError(PlumblineError):
    """What was asked for has no record, or one that can't be read."""


class DiskError(PlumblineError):
    """The disk can't hold, or not give back, what is made: it is full, may not be written to, or broken."""


class AlreadyRunning(PlumblineError):  # noqa: N818 - reads as the state that it is
    """Another run works on the same data folder; the message names its holder."""
