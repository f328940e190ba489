"""Which images a network's temperature is fitted to: never to those that it is then judged by."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from mnist_core.evaluation.answers import Answers
from mnist_core.evaluation.calibration import (
    Reliability,
    at_temperature,
    cross_fitted,
    fit_temperature,
    reliability,
)

FEWEST = 50  # images that a temperature is fitted to


@dataclass(frozen=True)
class Calibrated:
    """Answers before and after temperature scaling.

    before:       the answers as the network gives them
    after:        the same with other confidence; None where there are too few images to fit to
    temperatures: none, that of all answers, or those of the even and of the odd ones
    """

    before: Answers
    after: Answers | None = None
    temperatures: tuple[float, ...] = ()

    @cached_property
    def reliability_before(self) -> Reliability:
        """Confidence against accuracy as the network has it."""
        return reliability(self.before.confidence, self.before.right)

    @cached_property
    def reliability_after(self) -> Reliability | None:
        """The same after temperature scaling."""
        if self.after is None:
            return None
        return reliability(self.after.confidence, self.after.right)

    @property
    def words(self) -> str:
        """The temperature, and what it comes from."""
        said = " and ".join(f"{one:.2f}" for one in self.temperatures)
        if not said:
            return "too few images to fit a temperature to"
        if len(self.temperatures) == 1:
            return f"T = {said}, from the validation images"
        return f"T = {said}: each half of the images has the T that suits the other half"


def calibrated(
    answers: Answers,
    on_validation: Callable[[], Answers] | None,
    *,
    has_learned_validation: bool,
) -> Calibrated:
    """The answers after temperature scaling, with a temperature from images other than these.

    It comes from the validation images. Where the network has learned from them it is surer of
    them than of new ones, and where they are judged themselves they can't be used: then each half
    of the answers has the temperature of the other one.

    Args:
        answers: of the images that the network is judged by.
        on_validation: gives those of the validation images; None if there are none besides.
        has_learned_validation: whether the network has learned from the validation images.
    """
    if on_validation is not None and not has_learned_validation:
        others = on_validation()
        if len(others) >= FEWEST:
            temperature = fit_temperature(others.logits, others.labels)
            return Calibrated(answers, at_temperature(answers, temperature), (temperature,))
    if len(answers) < 2 * FEWEST:
        return Calibrated(answers)
    return Calibrated(answers, *cross_fitted(answers))
