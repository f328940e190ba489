"""How the learning rate changes from the first step of a run to the last."""

from collections.abc import Callable
from math import cos, pi


def constant(done: float) -> float:
    """The full rate throughout."""
    return 1.0


def cosine(done: float) -> float:
    """From the full rate to zero along half a cosine (Loshchilov & Hutter 2017)."""
    return 0.5 + 0.5 * cos(pi * min(done, 1.0))


WARM_UP = 0.3  # the share of a one-cycle run in which the rate rises
WARM_UP_FROM = 0.1  # the share of the peak that it rises from


def one_cycle(done: float) -> float:
    """Up along a straight line to the full rate, then down to zero along half a cosine.

    Smith 2018, "super-convergence", with a linear warm-up.
    """
    if done < WARM_UP:
        return WARM_UP_FROM + (1 - WARM_UP_FROM) * done / WARM_UP
    return cosine((done - WARM_UP) / (1 - WARM_UP))


# Factor of the learning rate from the share of the run that is done, 0..1.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": constant,
    "cosine": cosine,
    "one-cycle": one_cycle,
}
