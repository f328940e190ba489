"""What the scores mean, in sentences; **bold** words are between two stars."""

from math import floor, log10

from mnist_core.arrays import CLASSES
from mnist_core.evaluation.answers import Answers
from mnist_core.evaluation.scores import ClassScores, McNemar
from mnist_core.evaluation.temperature import Calibrated
from mnist_core.words import RAISED, percent

LEAST_P = 1e-300  # a smaller one is rounded to 0
SCORES = ["digit", "images", "precision", "recall", "F1"]  # the columns of score_rows
CHANCE = 0.05  # a difference that chance makes more often is none to speak of


def difference_in_words(first: str, second: str, test: McNemar) -> str:
    """Whether one reads better than the other, judged by the images that only one of them reads."""
    if not test.only_first and not test.only_second:
        return f"**{first} and {second} are right on the very same images.**"
    better, worse = (second, first) if test.difference > 0 else (first, second)
    few, many = sorted((test.only_first, test.only_second))
    images = "image" if many == 1 else "images"
    seen = f"{many:,} {images} only {better} reads, {few:,} only {worse}"
    found = "The difference could be chance" if test.p_value > CHANCE else f"{better} reads better"
    return (
        f"**{found}:** {seen}. If both were equally good, a difference as large or larger would "
        f"come by chance with a probability of {_share(test)} (McNemar's exact test)."
    )


def _share(test: McNemar) -> str:
    if test.p_value >= 0.1:
        return percent(test.p_value, 0)
    if test.p_value >= 0.0001:
        return f"{100 * test.p_value:.2g} %"
    power = floor(-log10(max(test.p_value, LEAST_P)))
    return f"less than 1 in 10{str(power).translate(RAISED)}"


def interval_in_words(low: float, high: float) -> str:
    """An interval of shares (0..1) in percent: "98.37 to 98.82 %", but "34 to 100 %".

    The wider it is, the fewer digits it has: more would say what nobody knows.
    """
    width = 100 * (high - low)
    digits = 0 if width >= 10 else 1 if width >= 1 else 2
    return f"{100 * low:.{digits}f} to {100 * high:.{digits}f} %"


def calibration_in_words(name: str, one: Calibrated) -> str:
    """Whether a network is right as often as it says, before and after temperature scaling."""
    answers = one.before
    words = (
        f"**{name}** says {percent(float(answers.confidence.mean()))} on average and is right in "
        f"{percent(answers.accuracy)}: calibration error "
        f"**{percent(one.reliability_before.error)}**"
    )
    if one.reliability_after is None:
        return f"{words} ({one.words})."
    after = percent(one.reliability_after.error)
    return f"{words}, after temperature scaling **{after}** ({one.words})."


def turned_away_in_words(name: str, answers: Answers, threshold: float) -> str:
    """What turning away all answers of less than that confidence (0..1) brings and costs."""
    kept = answers.confidence >= threshold
    if not kept.any():
        return f"**{name}** turns all {len(answers):,} images away: it is never that sure."
    if kept.all():
        return (
            f"**{name}** turns none of the {len(answers):,} images away; "
            f"{percent(answers.accuracy)} are right."
        )
    turned, wrong = int((~kept).sum()), int((~answers.right & kept).sum())
    spared = int((~answers.right).sum()) - wrong
    return (
        f"**{name}** turns {turned:,} of {len(answers):,} images away, {spared:,} of which it "
        f"would get wrong; of the others {percent(1 - wrong / int(kept.sum()))} are right."
    )


def score_rows(found: ClassScores) -> list[list[str]]:
    """The scores of each digit in the columns SCORES, and last their means."""
    rows = [
        [
            str(digit),
            f"{found.support[digit]:,}",
            _share_of(found.precision[digit], found.predicted[digit]),
            _share_of(found.recall[digit], found.support[digit]),
            _share_of(found.f1[digit], found.support[digit] + found.predicted[digit]),
        ]
        for digit in range(CLASSES)
    ]
    means = (found.macro_precision, found.macro_recall, found.macro_f1)
    return [*rows, ["mean", f"{found.support.sum():,}", *map(percent, means)]]


def _share_of(value: float, of: int) -> str:
    """A share in percent; a dash for a share of nothing."""
    return percent(float(value)) if of else "–"
