"""Seeds: the same inputs give the same bytes on the same machine."""

import keras
import tensorflow as tf


def fix_seeds(seed: int) -> None:
    """Seed Python, NumPy and TensorFlow, and keep TensorFlow to operations whose result does not depend on timing."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
