"""A number for each row by the values of some of its columns: the same for the same values, wherever the row lies."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Hashes = npt.NDArray[np.uint64]
MISSING = np.uint64(0x9E3779B97F4A7C15)


def of_rows(table: pa.Table, columns: Sequence[str], seed: int = 0) -> Hashes:
    """A number of 64 bits for each row; another ``seed`` gives other numbers."""
    hashed = mixed(np.full(table.num_rows, seed, np.uint64))
    for name in columns:
        hashed = mixed(hashed ^ of_column(table[name]))
    return hashed


def of_column(column: pa.ChunkedArray) -> Hashes:
    """A number for each value; a category's is that of its text, a missing value's ``MISSING``."""
    array = column.combine_chunks()
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = array.dictionary_encode()
    if pa.types.is_dictionary(array.type):
        texts = array.dictionary.to_numpy(zero_copy_only=False).astype(object)
        levels = np.append(pd.util.hash_array(texts, categorize=False), MISSING)
        codes = pc.fill_null(array.indices, len(texts)).to_numpy(zero_copy_only=False)
        return np.asarray(levels[codes], np.uint64)
    if pa.types.is_timestamp(array.type):
        hashed = mixed(array.cast(pa.int64()).fill_null(0).to_numpy().view(np.uint64))
        missing = array.is_null().to_numpy(zero_copy_only=False)
    else:
        numbers = array.to_numpy(zero_copy_only=False).astype("float64", copy=False)
        hashed = mixed((numbers + 0.0).view(np.uint64))
        missing = np.isnan(numbers)
    hashed[missing] = MISSING
    return hashed


def mixed(bits: Hashes) -> Hashes:
    """Each number so changed that all its bits depend on all of the given ones (Steele, Lea and Flood 2014)."""
    shifted = bits >> np.uint64(30)
    bits = bits ^ shifted
    for shift, factor in ((27, 0xBF58476D1CE4E5B9), (31, 0x94D049BB133111EB)):
        bits *= np.uint64(factor)
        np.right_shift(bits, np.uint64(shift), out=shifted)
        bits ^= shifted
    return bits
