"""What the sweep over learning rates found, in sentences that are made of its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from mnist_core.experiments.reference.sizes import points
from mnist_core.experiments.runner import Finished
from mnist_core.experiments.sweep import Score, best, outcome
from mnist_core.words import listed, percent

NAMED_RATE = 0.0001  # the rate that the report calls both its best one and a worse one
# What the report reached, in its words, and the accuracies (0..1) that count as that.
REACHED = {
    "80 to 90 %": (0.80, 0.90),
    "90 to 91 %": (0.90, 0.91),
    "94 %": (0.935, 0.945),
}
ALIKE = 0.002  # accuracy: two runs of the same steps differ by less, but for rounding
STANDS_STILL, THROWN_OFF = "stands still", "thrown off to no better than guessing"
WORDS = {"sum": "summed", "mean": "mean"}


def of_reduction(scores: Sequence[Score], reduction: str) -> list[Score]:
    """The candidates with summed or with mean gradients, from the lowest rate up."""
    return [s for s in scores if s.candidate.settings["reduction"] == reduction]


def rate_of(score: Score) -> float:
    """The learning rate of a candidate."""
    return score.candidate.settings["learning_rate"]


def best_rates(scores: Sequence[Score]) -> dict[str, float | None]:
    """The best rate of summed and of mean gradients; None if no rate went well with every seed."""
    tops = {reduction: best(of_reduction(scores, reduction)) for reduction in WORDS}
    return {reduction: top and rate_of(top) for reduction, top in tops.items()}


def rate_in_words(rate: float) -> str:
    """A rate as it is typed, without an exponent: 0.000003."""
    return np.format_float_positional(rate, trim="-")


def fate(score: Score, top: Score | None) -> str:
    """What became of a candidate's runs, in a few words; "" if they learned.

    `top` is the best candidate: what ends no better than guessing with a lower rate than its
    stands still, and with a higher one was thrown off.
    """
    if score.diverged:
        every = len(score.candidate.configs)
        return f"diverges ({score.diverged} of {every} seeds)" if every > 1 else "diverges"
    if any(outcome(run) == "stood still" for run in score.runs):
        too_large = top is not None and rate_of(score) > rate_of(top)
        return THROWN_OFF if too_large else STANDS_STILL
    return ""


def sentences(scores: Sequence[Score], report: Finished) -> list[str]:
    """Paragraphs: the best rates, those that fail, the contradiction, what reaches what."""
    epochs = scores[0].candidate.configs[0].epochs
    return [
        f"{_best(scores, 'sum')} {_best(scores, 'mean')}",
        _failures(scores),
        f"{_contradiction(scores, report, epochs)} {shift(scores).words}",
        _settings_that_reach(scores, report, epochs),
    ]


def _best(scores: Sequence[Score], reduction: str) -> str:
    chosen = of_reduction(scores, reduction)
    top = best(chosen)
    if top is None:
        return f"With {WORDS[reduction]} gradients no rate went well with every seed."
    seeds = len(top.accuracies)
    spread = (
        f" ({percent(min(top.accuracies), 1)} to {percent(max(top.accuracies), 1)} over "
        f"{seeds} seeds)"
    )
    return (
        f"With **{WORDS[reduction]}** gradients the best of {len(chosen)} rates is "
        f"**{rate_in_words(rate_of(top))}**, with {percent(top.mean, 1)} in validation"
        f"{spread if seeds > 1 else ''}."
    )


def _failures(scores: Sequence[Score]) -> str:
    """Which rates stand still, are thrown off or diverge."""
    by_fate: dict[str, list[str]] = {}
    for reduction, word in WORDS.items():
        chosen = of_reduction(scores, reduction)
        top, rates = best(chosen), dict[str, list[str]]()
        for score in chosen:
            if what := fate(score, top).split(" (")[0]:
                rates.setdefault(what, []).append(rate_in_words(rate_of(score)))
        for what, those in rates.items():
            by_fate.setdefault(what, []).append(f"{word} {listed(those)}")
    if not by_fate:
        return "No rate diverges, and none stands still."
    return " ".join(
        f"**{what[0].upper()}{what[1:]}:** {'; '.join(rates)}." for what, rates in by_fate.items()
    )


def _contradiction(scores: Sequence[Score], report: Finished, epochs: int) -> str:
    """What the one rate that the report names twice does as a sum and as a mean."""
    found = {
        reduction: next(
            (s for s in of_reduction(scores, reduction) if rate_of(s) == NAMED_RATE), None
        )
        for reduction in WORDS
    }
    both = [score for score in found.values() if score is not None and not isnan(score.mean)]
    rate = rate_in_words(NAMED_RATE)
    if len(both) < len(WORDS):
        return f"What {rate} does as a sum and as a mean can't be compared here."
    summed, mean = both
    said = (
        f"The rate **{rate}**, which the report calls both its best one and a worse one, ends at "
        f"{percent(summed.mean, 1)} after {epochs} epochs if the gradients of a batch are summed, "
        f"and at {percent(mean.mean, 1)} if they are averaged."
    )
    if report.status == "finished" and len(report.history) > epochs:
        last = report.history[-1]
        said += (
            f" Summed and for {last.epoch} epochs it comes to "
            f"{percent(last.validation_accuracy, 1)}: how long a run was changes its verdict too."
        )
    if abs(summed.mean - mean.mean) > 0.05:
        said += (
            " So the same number can have been a good and a bad rate, if the report summed in "
            "one program and averaged in another; which it was, it does not say."
        )
    else:
        said += " That alone does not explain why the report names it twice."
    top = best(of_reduction(scores, "sum"))
    if top is not None and top.mean - summed.mean > ALIKE:
        said += (
            f" Even summed it is not the best: {rate_in_words(rate_of(top))} ends "
            f"{points(top.mean - summed.mean)} higher."
        )
    return said


@dataclass(frozen=True)
class Shift:
    """Runs with summed gradients beside those with mean ones and the batch size times the rate."""

    alike: int  # of the pairs, those that end within ALIKE, or both diverged
    pairs: int
    words: str


def shift(scores: Sequence[Score]) -> Shift:
    """Whether a sum is a mean with the rate times the batch size, run by run."""
    batch = scores[0].candidate.configs[0].batch_size
    means = {rate_of(s): s for s in of_reduction(scores, "mean")}
    ends = []
    for score in of_reduction(scores, "sum"):
        other = means.get(float(f"{batch * rate_of(score):.4g}"))
        if other is not None:
            ends += list(zip(score.runs, other.runs, strict=True))
    alike = sum(_end_alike(one, other) for one, other in ends)
    words = (
        f"In {alike} of {len(ends)} pairs a run with summed gradients ends as that with mean "
        f"gradients and {batch} times the rate does (within {points(ALIKE)})"
    )
    if 2 * alike > len(ends):
        named = rate_in_words(float(f"{batch * NAMED_RATE:.4g}"))
        words += (
            f": with batches of {batch} images, {rate_in_words(NAMED_RATE)} as a sum is what "
            f"{named} is as a mean, and the two curves are one curve, moved by a factor of {batch}."
        )
    else:
        words += ": so the two curves are not the same one, moved."
    return Shift(alike, len(ends), words)


def _end_alike(one: Finished, other: Finished) -> bool:
    if "diverged" in (one.status, other.status):
        return one.status == other.status
    ends = [run.history[-1].validation_accuracy for run in (one, other)]
    return abs(ends[0] - ends[1]) <= ALIKE


def _settings_that_reach(scores: Sequence[Score], report: Finished, epochs: int) -> str:
    """Which settings end at the report's accuracies, and when its own rate passes them."""
    said = []
    for words, (low, high) in REACHED.items():
        ending = [s for s in scores if low <= s.mean < high]  # false for NaN
        rates = [f"{WORDS[s.candidate.settings['reduction']]} {_typed(s)}" for s in ending]
        passed = [r.epoch for r in report.history if low <= r.validation_accuracy < high]
        own = f"its own setting in {_epochs(passed)}" if passed else ""
        swept = f"after {epochs} epochs {listed(rates)}" if rates else ""
        both = listed([part for part in (own, swept) if part])
        said.append(f"**{words}**: {both or 'no setting here'}")
    return f"What the report reached, in validation: {'; '.join(said)}."


def _epochs(passed: Sequence[int]) -> str:
    """The first and the last of them."""
    first, last = passed[0], passed[-1]
    return f"epoch {first}" if first == last else f"epochs {first} to {last}"


def _typed(score: Score) -> str:
    return rate_in_words(rate_of(score))
