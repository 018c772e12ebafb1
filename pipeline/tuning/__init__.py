"""The search for hyperparameters: which to try (``oracle``), trying them (``trial``, ``attempts``), what came of it."""
