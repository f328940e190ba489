"""Where all randomness of a run comes from: one stream for each purpose, made of the seed.
So a resumed run needs no generator's state, and no stream depends on another's use.
"""

import numpy as np

# What a random stream is for.
INITIAL, SUBSET, ORDER, DROPOUT, AUGMENT, STROKES = range(6)


def random_stream(seed: int, purpose: int, *counts: int) -> np.random.Generator:
    """A generator that depends on nothing but its arguments.

    Args:
        seed: that of the run.
        purpose: one of the constants above.
        counts: which one of several of its kind it is, such as the epoch's number.
    """
    return np.random.default_rng([seed, purpose, *counts])
