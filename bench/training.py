"""What batch size, threads and compilation by XLA bring to training, each in a process of its own.

    python -m bench.training [--data data] [--rows 250000]

The network with its defaults learns for one epoch from what ``make run`` has encoded. Seconds are those of the epoch
alone, after one of a few rows; the loss is that of validation, so that what is faster and learns less shows. Compiled
by XLA, operations are not deterministic: that row is for comparison.
"""

import argparse
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

WARMING = 4096


@dataclass(frozen=True)
class Setting:
    """One way to train."""

    batch: int = 1024
    threads: int = 2
    compiled: bool = False


SETTINGS = (
    Setting(),
    Setting(batch=256),
    Setting(batch=512),
    Setting(batch=2048),
    Setting(threads=1),
    Setting(compiled=True),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--rows", type=int, default=250_000)
    options = parser.parse_args()
    encoded = sorted(options.data.glob("flights/encode/*/train"))
    if not encoded:
        sys.exit(f"{options.data} must have an encoded problem, and has none: make run")
    table = Table(box=None, pad_edge=False)
    for title in ("batch", "threads", "XLA", "wall s", "CPU s", "validation loss"):
        table.add_column(title, justify="right")
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for setting in SETTINGS:
            wall, processor, loss = pool.apply(learn, (encoded[-1].parent, options.rows, setting))
            shown = (str(setting.batch), str(setting.threads), "yes" if setting.compiled else "no")
            table.add_row(*shown, f"{wall:.1f}", f"{processor:.1f}", f"{loss:.4f}")
    Console().print(table)


def learn(encoded: Path, rows: int, setting: Setting) -> tuple[float, float, float]:
    """Seconds of an epoch by the clock and of processors, and the validation loss that it came to."""
    import keras
    import tensorflow as tf

    from pipeline import arrays, encoding
    from pipeline.hyperparameters import defaults
    from pipeline.network import Batches, batches, build, compile_for, prepare

    if setting.compiled:  # otherwise the same, but that operations need not be deterministic
        os.environ["TF_CPU_ALLOCATOR_USE_BFC"] = "true"
        tf.config.threading.set_intra_op_parallelism_threads(setting.threads)
        keras.utils.set_random_seed(0)
    else:
        prepare(0, setting.threads)
    batches.BATCH = setting.batch
    known = encoding.read(encoded)
    chosen = defaults(known.target.task)
    drawn = arrays.read(encoded / "train").sample(rows, 0)
    model, given = build(known, chosen, 0), Batches(drawn, known.target, 0)
    compile_for(model, known.target, chosen, len(given))
    model.compile(model.optimizer, model.loss, jit_compile=setting.compiled)
    first = model.get_weights()
    few = Batches(drawn.sample(WARMING, 0), known.target, 0)
    few.size = given.size
    model.fit(few.dataset(), shuffle=False, verbose=0)
    model.set_weights(first)
    model.optimizer.iterations.assign(0)
    started, used = time.perf_counter(), time.process_time()
    model.fit(given.dataset(), shuffle=False, verbose=0)
    wall, processor = time.perf_counter() - started, time.process_time() - used
    validation = Batches(arrays.read(encoded / "validation"), known.target)
    return wall, processor, float(model.evaluate(validation.dataset(), verbose=0))


if __name__ == "__main__":
    main()
