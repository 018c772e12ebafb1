"""What the end of a process tells."""

import signal


def why(status: int) -> str:
    """Why a process ended, in words; a status below zero is the signal that ended it."""
    if status == -signal.SIGKILL:
        return "signal SIGKILL, as the system sends where memory has run out"
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
