"""The page on the experiment: a short paper whose sentences are made of its numbers."""

from dataclasses import dataclass

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
from mnist_core.experiments.reference.plan import CNN, FEW, MANY, planned
from mnist_core.experiments.sweep import best
from mnist_core.report.pieces import document, paragraph, section
from mnist_core.words import listed, percent

TITLE = "The report's experiment, run again"


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
    parts = [paragraph(quick_words(found))] if found.plan.is_quick else []
    parts += [
        paragraph(_in_short(found)),
        paragraph(f"{about.date}, {about.versions}, {about.data}", small=True),
        section("1 What was trained", sections.what_was_trained(found, about.command)),
        section("2 Two training sizes", sections.sizes(found, drawn)),
        section("3 The learning rate", sections.learning_rates(found, drawn)),
        section("4 Better networks", sections.better_networks(found, drawn)),
        section("5 The weights", sections.weights(found, drawn)),
        section("6 Test images", sections.tests(found, drawn)),
    ]
    return document(TITLE, parts)


def quick_words(found: Found) -> str:
    """How the quick experiment is less than the full one."""
    quick, full = found.plan, planned(found.plan.images)
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


def _in_short(found: Found) -> str:
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
    if (top := best(found.scores)) is not None:
        said.append(
            "The best learning rate that the sweep finds is "
            f"{rates.rate_in_words(rates.rate_of(top))} with "
            f"{rates.WORDS[top.candidate.settings['reduction']]} gradients."
        )
    others = [
        f"{words} **{percent(found.tests[name].accuracy, 1)}**"
        for name, words in ((WELL, "the same 64 units, well trained,"), (CNN, "a CNN"))
        if name in found.tests
    ]
    if others:
        said.append(f"Of the same test images {listed(others)}.")
    return " ".join(said)
