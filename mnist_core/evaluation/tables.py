"""An evaluation as CSV files for other programs (RFC 4180, UTF-8).

The first row names the columns. What ends in _share runs from 0 to 1; images are numbered from 0;
an empty cell stands for a number that there is not, as the accuracy of an empty bin.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from math import isnan

import numpy as np

from mnist_core.arrays import CLASSES, Array
from mnist_core.evaluation.answers import disagreements
from mnist_core.evaluation.calibration import Reliability
from mnist_core.evaluation.distortions import DISTORTIONS
from mnist_core.evaluation.full import Evaluation, Judged

PROBABILITIES = [f"probability_of_{digit}_share" for digit in range(CLASSES)]
PREDICTION_COLUMNS = ["image", "label", "prediction", "confidence_share", *PROBABILITIES]
LONGEST_NAME = 40


def tables(evaluation: Evaluation) -> dict[str, str]:
    """Every table's text by the name of its file, for all that is known."""
    found = {"summary.csv": _summary(evaluation)}
    for one, name in zip(evaluation.judged, file_names(evaluation.judged), strict=True):
        every = np.arange(len(one.answers))
        found |= {
            f"confusion-{name}.csv": _confusion(one),
            f"classes-{name}.csv": _classes(one),
            f"mistakes-{name}.csv": _predictions(one, one.answers.worst_mistakes),
            f"predictions-{name}.csv": _predictions(one, every),
            f"reliability-{name}.csv": _reliability(one),
            f"coverage-{name}.csv": _coverage(one),
        }
    if evaluation.mcnemar is not None:
        found["comparison.csv"] = _comparison(evaluation)
        found["disagreements.csv"] = _disagreements(evaluation)
    if evaluation.judged:
        found["labels-in-doubt.csv"] = _doubts(evaluation)
    if evaluation.points:
        found["robustness.csv"] = _robustness(evaluation)
    if evaluation.duplicates is not None:
        found["duplicates.csv"] = _duplicates(evaluation)
    return found


def file_names(judged: Sequence[Judged]) -> list[str]:
    """What stands for each network in the names of files: small letters, each once."""
    names: list[str] = []
    for number, one in enumerate(judged, start=1):
        name = re.sub(r"[^a-z0-9]+", "-", one.name.lower()).strip("-")[:LONGEST_NAME]
        name = name or f"network-{number}"
        names.append(f"{name}-{number}" if name in names else name)
    return names


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)  # with the line ends of RFC 4180
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """Floats as short as they can be read back; nothing for what is no number."""
    if isinstance(value, float | np.floating):
        return "" if isnan(value) else str(value)
    return value


def _summary(evaluation: Evaluation) -> str:
    columns = (
        "network parameters images right wrong accuracy_share accuracy_95_low_share "
        "accuracy_95_high_share macro_precision_share macro_recall_share macro_f1_share "
        "calibration_error_share calibration_error_after_temperature_share "
        "temperature_of_even_images temperature_of_odd_images"
    )
    return _table(columns.split(), map(_summary_row, evaluation.judged))


def _summary_row(one: Judged) -> list[object]:
    right, found = int(one.answers.right.sum()), one.calibrated
    after = found.reliability_after
    temperatures = [*found.temperatures, *found.temperatures][:2] or [float("nan")] * 2
    return [
        one.name,
        one.parameters,
        len(one.answers),
        right,
        len(one.answers) - right,
        one.answers.accuracy,
        *one.interval,
        one.scores.macro_precision,
        one.scores.macro_recall,
        one.scores.macro_f1,
        found.reliability_before.error,
        float("nan") if after is None else after.error,
        *temperatures,
    ]


def _confusion(one: Judged) -> str:
    columns = ["label", *(f"read_as_{digit}_images" for digit in range(CLASSES))]
    return _table(columns, ([digit, *row] for digit, row in enumerate(one.confusion.tolist())))


def _classes(one: Judged) -> str:
    columns = ["digit", "images", "predicted", "precision_share", "recall_share", "f1_share"]
    found = one.scores
    values = found.support, found.predicted, found.precision, found.recall, found.f1
    return _table(columns, zip(range(CLASSES), *values, strict=True))


def _predictions(one: Judged, numbers: Array) -> str:
    answers = one.answers
    rows = zip(
        numbers,
        answers.labels[numbers],
        answers.predictions[numbers],
        answers.confidence[numbers],
        answers.probabilities[numbers],
        strict=True,
    )
    return _table(PREDICTION_COLUMNS, ([*first, *probabilities] for *first, probabilities in rows))


def _reliability(one: Judged) -> str:
    columns = "temperature_scaling bin_low_share bin_high_share images confidence_share "
    found = one.calibrated
    measured = {"before": found.reliability_before, "after": found.reliability_after}
    rows = (
        (name, *row)
        for name, each in measured.items()
        if each is not None
        for row in zip(*_bins(each), strict=True)
    )
    return _table([*columns.split(), "accuracy_share"], rows)


def _bins(found: Reliability) -> tuple[Array, ...]:
    return found.edges[:-1], found.edges[1:], found.counts, found.confidence, found.accuracy


def _coverage(one: Judged) -> str:
    columns = ["least_confidence_share", "answered_share", "accuracy_of_answered_share"]
    found = one.coverage
    return _table(columns, zip(found.threshold, found.coverage, found.accuracy, strict=True))


def _comparison(evaluation: Evaluation) -> str:
    test = evaluation.mcnemar
    assert test is not None
    columns = (
        "first second both_right_images only_first_right_images only_second_right_images "
        "neither_right_images difference_share difference_95_low_share difference_95_high_share "
        "mcnemar_p_value"
    )
    names = [one.name for one in evaluation.judged]
    counts = test.both, test.only_first, test.only_second, test.neither
    row = [*names, *counts, test.difference, *test.interval(), test.p_value]
    return _table(columns.split(), [row])


def _disagreements(evaluation: Evaluation) -> str:
    one, other = (judged.answers for judged in evaluation.judged)
    numbers = disagreements(one, other)
    names = file_names(evaluation.judged)
    columns = [f"{what}_{name}" for name in names for what in ("prediction", "confidence_share")]
    values = [
        array[numbers] for each in (one, other) for array in (each.predictions, each.confidence)
    ]
    rows = zip(numbers, one.labels[numbers], *values, strict=True)
    return _table(["image", "label", *columns], rows)


def _robustness(evaluation: Evaluation) -> str:
    columns = ["distortion", "strength", "unit", "network", "images", "right", "accuracy_share"]
    rows = (
        (
            point.kind,
            point.strength,
            DISTORTIONS[point.kind].unit,
            name,
            point.n,
            right,
            point.accuracy(name),
        )
        for point in evaluation.points
        for name, right in point.right.items()
    )
    return _table(columns, rows)


def _doubts(evaluation: Evaluation) -> str:
    found = evaluation.doubts
    rows = zip(found.images, found.given, found.suggested, found.doubt, strict=True)
    return _table(["image", "label", "suggested", "doubt_share"], rows)


def _duplicates(evaluation: Evaluation) -> str:
    found = evaluation.duplicates
    assert found is not None
    rows = zip(found.first, found.second, found.difference, strict=True)
    return _table(["earlier_or_training_image", "image", "mean_pixel_difference_share"], rows)
