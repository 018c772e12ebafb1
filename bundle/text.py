"""A text as a compiled model takes it: its first bytes, for the runtime has no operation that looks into a string."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def letters(texts: Sequence[bytes] | npt.NDArray[np.object_], length: int) -> npt.NDArray[np.uint8]:
    """The first ``length`` bytes of each text and zeros after its end, [texts, length].

    It is what TensorFlow's ``decode_raw`` with a ``fixed_length`` gives.
    """
    return np.array(texts, f"S{length}").view(np.uint8).reshape(len(texts), length)
