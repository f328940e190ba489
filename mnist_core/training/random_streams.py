"""Where all randomness of a run comes from: one stream for each purpose, made of the seed."""

import numpy as np

# What a random stream is for: with the seed and a count it gives a generator of its own, so
# that a resumed run needs no generator's state and no stream depends on another's use.
INITIAL, SUBSET, ORDER, DROPOUT, AUGMENT = range(5)


def random_stream(seed: int, purpose: int, *counts: int) -> np.random.Generator:
    return np.random.default_rng([seed, purpose, *counts])
