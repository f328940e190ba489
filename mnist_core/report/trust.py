"""The sections on scores, on confidence, and on digits that are made harder to read."""

from collections.abc import Mapping

import numpy as np

from mnist_core.arrays import Array
from mnist_core.evaluation.distortions import DISTORTIONS, Distortion, examples
from mnist_core.evaluation.full import Evaluation, Judged
from mnist_core.evaluation.robustness import RobustnessPoint
from mnist_core.evaluation.sentences import (
    SCORES,
    calibration_in_words,
    score_rows,
    turned_away_in_words,
)
from mnist_core.figures.honesty import FEW_IMAGES, Line, coverage_chart, reliability_chart
from mnist_core.figures.robustness import robustness_chart
from mnist_core.report.pieces import figure, legend, paragraph, picture, side_by_side, table
from mnist_core.words import percent

AFTER = "6 4"  # dashes of a line after temperature scaling
THRESHOLD = 0.9  # of confidence, below which answers are turned away in the example


def scores(evaluation: Evaluation) -> list[str]:
    """Precision, recall and F1."""
    words = (
        "**Precision** is the share of the images that are read as a digit and are that digit, "
        "**recall** the share of a digit's images that are read as it, and **F1** the harmonic "
        "mean of both. The mean is over the digits that occur."
    )
    tables = side_by_side((_scores(one) for one in evaluation.judged), kind="tables")
    return [paragraph(words), tables]


def _scores(one: Judged) -> str:
    return table(SCORES, score_rows(one.scores), f"Scores of **{one.name}**")


def confidence(evaluation: Evaluation, colours: Mapping[str, str]) -> list[str]:
    """Reliability before and after temperature scaling, and accuracy against coverage."""
    judged = evaluation.judged
    entries = [("━", colours[one.name], one.name) for one in judged]
    entries += [
        ("╍", colours[one.name], f"{one.name}, after temperature scaling")
        for one in judged
        if one.calibrated.after is not None
    ]
    said = [calibration_in_words(one.name, one.calibrated) for one in judged]
    turned = [turned_away_in_words(one.name, one.answers, THRESHOLD) for one in judged]
    alone = {one.name: Line(one.name, colours[one.name]) for one in judged}
    lines = [
        (Line(one.name, colours[one.name], dash), measured)
        for one in judged
        for measured, dash in (
            (one.calibrated.reliability_before, ""),
            (one.calibrated.reliability_after, AFTER),
        )
        if measured is not None
    ]
    curves = [(alone[one.name], one.coverage) for one in judged]
    places = [one.answers.answered(THRESHOLD) for one in judged]
    charts = [
        figure(
            reliability_chart(lines, alt="Reliability: " + _plain(said)),
            "Below the diagonal a network is surer than it should be. A dot is one of 15 bins of "
            "confidence, the larger, the more images; a line leaves out bins of fewer than "
            f"{FEW_IMAGES}.",
        ),
        figure(
            coverage_chart(curves, places, alt=_plain(turned)),
            "What is right when the network may say that it does not know, against how much it "
            f"answers. The dot: with a confidence of at least {percent(THRESHOLD, 0)}.",
        ),
    ]
    explained = (
        "The **calibration error** is the mean distance between what a network says and how often "
        "it is right, over 15 bins of its confidence. **Temperature scaling** divides the logits "
        "by one number T (Guo et al. 2017): it changes confidence, and never an answer."
    )
    texts = [paragraph(words) for words in (explained, *said, *turned)]
    return [texts[0], legend(entries), side_by_side(charts), *texts[1:]]


def _plain(sentences: list[str]) -> str:
    """Without the stars of bold words."""
    return " ".join(sentences).replace("**", "")


def robustness(evaluation: Evaluation, colours: Mapping[str, str]) -> list[str]:
    """A chart for each distortion, over an example; nothing if it was not measured."""
    if not evaluation.points:
        return []
    right = np.all([one.answers.right for one in evaluation.judged], axis=0)
    number = int(right.argmax())  # the first that is read right by all, if there is one
    by_kind: dict[str, list[RobustnessPoint]] = {}
    for point in evaluation.points:
        by_kind.setdefault(point.kind, []).append(point)
    charts = [
        _distorted(evaluation, DISTORTIONS[kind], points, number, colours)
        for kind, points in by_kind.items()
    ]
    words = (
        f"All {len(evaluation.images):,} {evaluation.images.name} are changed in eight ways, each "
        "in nine strengths, the unchanged one among them. Below each chart "
        f"{evaluation.images.one} {number:,} at each strength, from the weakest number to the "
        "strongest."
    )
    entries = [("━", colours[one.name], one.name) for one in evaluation.judged]
    return [paragraph(words), legend(entries), side_by_side(charts)]


def _distorted(
    evaluation: Evaluation,
    distortion: Distortion,
    points: list[RobustnessPoint],
    number: int,
    colours: Mapping[str, str],
) -> str:
    """One chart, its example, and what happens to a digit."""
    strengths = np.array([point.strength for point in points])
    lines = [
        (Line(name, colours[name]), np.array([point.accuracy(name) for point in points]))
        for name in points[0].right
    ]
    said = "; ".join(f"{line.name}: {_in_words(strengths, values)}" for line, values in lines)
    alt = f"{distortion.title}, in {distortion.unit}: {said}"
    chart = robustness_chart(distortion, strengths, lines, alt=alt)
    nine = examples(evaluation.images.split.images, number, distortion.name)
    places = ", ".join(f"{strength:g}" for strength in distortion.strengths)
    example = picture(np.hstack(list(nine)), alt=f"The example at {places} {distortion.unit}")
    return figure(chart + example, f"**{distortion.title}.** {distortion.meaning}")


def _in_words(strengths: Array, accuracies: Array) -> str:
    return ", ".join(
        f"{percent(float(accuracy), 1)} right at {strength:g}"
        for strength, accuracy in zip(strengths, accuracies, strict=True)
    )
