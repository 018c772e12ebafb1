"""Networks for tests: of chance, not of learning."""

import numpy as np


def randomise(model, encoding, seed):
    """Give the network random weights, of which no answer is the one to every row."""
    random = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(random.normal(size=variable.shape) * 0.3)
    numbers = [one.median + one.scale * random.normal(size=1000) for one in encoding.taken]
    codes = random.integers(0, 3, (1000, len(encoding.categories)))
    said = model([np.transpose(numbers).astype("float32"), codes.astype("int32")], training=False)
    last = model.layers[-1].bias
    last.assign(last - np.mean(said, axis=0))
