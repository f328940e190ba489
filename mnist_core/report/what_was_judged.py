"""The sections on what was judged, and how good it is."""

from collections.abc import Mapping
from html import escape

import numpy as np

from mnist_core.evaluation.full import Evaluation
from mnist_core.evaluation.sentences import difference_in_words, interval_in_words
from mnist_core.figures.intervals import Interval, intervals
from mnist_core.report.pieces import figure, paragraph


def what_was_judged(evaluation: Evaluation, command: str) -> list[str]:
    """The networks, the images, and the command that makes the report again."""
    images = evaluation.images
    found = {
        one.name: ", ".join(
            filter(None, [f"{one.parameters:,} weights and biases", one.candidate.words])
        )
        for one in evaluation.judged
    }
    found |= {
        "Images": f"{len(images):,} {images.name}, 28x28 pixels",
        "SHA-256": images.sha256,
    }
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(is_)}</dd>" for name, is_ in found.items())
    again = f"<dt>Made by</dt><dd><code>{escape(command)}</code></dd>" if command else ""
    return [f"<dl>{rows}{again}</dl>"]


def how_good(evaluation: Evaluation, colours: Mapping[str, str]) -> list[str]:
    """Accuracies with their intervals, and the comparison of two."""
    rows = [
        Interval(one.name, colours[one.name], one.answers.accuracy, *one.interval)
        for one in evaluation.judged
    ]
    said = "; ".join(f"{row.name} {interval_in_words(row.low, row.high)}" for row in rows)
    parts = [
        figure(
            intervals(rows, alt=f"Accuracy with its interval: {said}"),
            "The bar shows where the true accuracy lies with 95 % certainty (Wilson 1927): these "
            "images are a sample of all that could be asked.",
        )
    ]
    if evaluation.mcnemar is not None:
        first, second = (one.name for one in evaluation.judged)
        test = evaluation.mcnemar
        low, high = np.array(test.interval()) * 100
        parts += [
            paragraph(difference_in_words(first, second, test)),
            paragraph(
                f"The accuracy of {second} minus that of {first} is {100 * test.difference:+.2f} "
                f"percentage points, in truth {low:+.2f} to {high:+.2f} (Newcombe 1998). Both read "
                f"{test.both:,} images right, neither {test.neither:,}."
            ),
        ]
    return parts
