"""The page on the experiment: a short paper whose sentences are made of its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from platform import python_version

import numpy as np

from mnist_core.experiments.reference import rates, sections
from mnist_core.experiments.reference.charts import (
    compared_chart,
    names,
    rates_chart,
    tests_chart,
    training_chart,
    weights_chart,
)
from mnist_core.experiments.reference.found import WELL, Found, verdicts
from mnist_core.experiments.reference.plan import CNN, FEW, MANY, Plan, planned
from mnist_core.report.pieces import document, paragraph, section
from mnist_core.words import listed, percent

TITLE = "The report's experiment, run again"
SIZES = "Two training sizes"


@dataclass(frozen=True)
class About:
    """How the page was made."""

    date: str
    versions: str
    command: str
    data: str  # what the images are called


def figures(found: Found) -> dict[str, str]:
    """Each figure as SVG, by the name of its file."""
    called = names(found.plan)
    charts = {
        f"figure-1{letter}-training-sizes.svg": training_chart(found.runs[name], called[name])
        for letter, name in (("a", FEW), ("b", MANY))
    }
    charts |= {
        "figure-2-learning-rates.svg": rates_chart(found.scores),
        "figure-3-networks.svg": compared_chart(found),
    }
    charts |= {
        f"figure-4{letter}-weights.svg": weights_chart(one, called[one.name])
        for letter, one in zip("ab", found.weights, strict=False)
    }
    return charts | ({"figure-5-tests.svg": tests_chart(found)} if found.tests else {})


def page(found: Found, about: About) -> str:
    """The whole page as one HTML file."""
    drawn = figures(found)
    parts = [paragraph(quick_words(found.plan))] if found.plan.is_quick else []
    parts += [
        paragraph(in_short(found)),
        paragraph(f"{about.date}, {about.versions}, {about.data}", small=True),
    ]
    trained = {"What was trained": sections.what_was_trained(found, about.command)}
    for number, (title, said) in enumerate((trained | whole_parts(found, drawn)).items(), start=1):
        said += sections.judged(found) if title == SIZES else []
        parts.append(section(f"{number} {title}", said))
    return document(TITLE, parts)


def whole_parts(found: Found, drawn: Mapping[str, str]) -> dict[str, list[str]]:
    """What came out, by the titles of the sections; of runs that go on, what is known so far."""
    parts = {
        SIZES: sections.sizes(found, drawn),
        "The learning rate": sections.learning_rates(found, drawn),
        "Better networks": sections.better_networks(found, drawn),
    }
    if not found.is_complete:
        return parts
    return parts | {
        "The weights": sections.weights(found, drawn),
        "Test images": sections.tests(found, drawn),
    }


def about_now(command: str, data: str, sha256: str) -> About:
    """How a page is made by this program at this time."""
    return About(
        date=datetime.now().strftime("%d %B %Y, %H:%M"),
        versions=f"Python {python_version()}, NumPy {np.__version__}",
        command=command,
        data=f"{data} (SHA-256 {sha256[:16]}...)",
    )


def quick_words(quick: Plan) -> str:
    """How the quick experiment is less than the full one."""
    full = planned(quick.images)
    swept, whole = quick.sweep[0].configs[0], full.sweep[0].configs[0]
    less = [
        f"{little:,} {words} instead of {much:,}"
        for words, little, much in (
            ("epochs", quick.named[MANY].epochs, full.named[MANY].epochs),
            ("learning rates", len(quick.sweep), len(full.sweep)),
            ("seed for each", len(quick.sweep[0].configs), len(full.sweep[0].configs)),
            ("images for each", swept.train_size, whole.train_size),
            ("epochs for each", swept.epochs, whole.epochs),
        )
        if little != much
    ]
    return (
        "**This is the quick experiment, whose numbers are not those of the full one:** "
        f"{', '.join(less)}, and better networks that are trained for a shorter time."
    )


def in_short(found: Found) -> str:
    """What came out, in a few sentences."""
    said = []
    if MANY in found.tests:
        many, run = found.tests[MANY], found.runs[MANY]
        said.append(
            f"The report's network, 64 sigmoid units trained on {run.config.train_size:,} images "
            f"for {run.config.epochs} epochs, reads **{percent(many.accuracy, 1)}** of the test "
            "images."
        )
    kinds = [f"{one.verdict} ({number})" for number, one in enumerate(verdicts(found), start=1)]
    if kinds:
        said.append(f"Its three statements on overfitting are {listed(kinds)}.")
    tops = [
        f"{rates.rate_in_words(rate)} for {rates.WORDS[reduction]} gradients"
        for reduction, rate in rates.best_rates(found.scores).items()
        if rate is not None
    ]
    if tops:
        said.append(f"The best learning rate of the sweep is {listed(tops)}.")
    better = [
        f"{words} **{percent(found.tests[name].accuracy, 1)}**"
        for name, words in ((WELL, "the same 64 units, well trained, read"), (CNN, "a CNN reads"))
        if name in found.tests
    ]
    if better:
        said.append(f"Of the same images, {listed(better)}.")
    return " ".join(said)
