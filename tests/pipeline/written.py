"""Tables as stages leave them, from a frame of pandas."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from pipeline import tables


def write_part(frame: pd.DataFrame, folder: Path, number: int, schema: pa.Schema) -> None:
    """Write one part of a table; every part has the same schema."""
    decoded = tables._decoded(schema)
    table = pa.Table.from_pandas(frame, schema=decoded, preserve_index=False)
    tables.write(table.cast(schema), folder, number)
