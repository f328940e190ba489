"""The whole report: a title, what came out in a few lines, and a section for each question."""

from collections.abc import Mapping
from dataclasses import dataclass

from mnist_core.evaluation.full import Evaluation
from mnist_core.evaluation.sentences import difference_in_words, interval_in_words
from mnist_core.report.data import the_data
from mnist_core.report.mistakes import mistakes
from mnist_core.report.pieces import document, paragraph, section
from mnist_core.report.trust import confidence, robustness, scores
from mnist_core.report.what_was_judged import how_good, what_was_judged
from mnist_core.words import listed, percent


@dataclass(frozen=True)
class About:
    """How a report was made."""

    date: str  # with the time
    versions: str  # of what computed it
    command: str  # that makes it again
    colours: Mapping[str, str]  # of each network, by its name


def report(evaluation: Evaluation, about: About) -> str:
    """One HTML file of what is known, of at least one network."""
    title = f"{listed([one.name for one in evaluation.judged])} on {_judged_by(evaluation)}"
    sections = [
        section(heading, parts)
        for heading, parts in {
            "What was judged": what_was_judged(evaluation, about.command),
            "How good?": how_good(evaluation, about.colours),
            "Where does it err?": mistakes(evaluation),
            "Scores of each digit": scores(evaluation),
            "Is it right as often as it says?": confidence(evaluation, about.colours),
            "What can it still read when digits are changed?": robustness(
                evaluation, about.colours
            ),
            "The images themselves": the_data(evaluation),
        }.items()
        if parts
    ]
    made = paragraph(f"{about.date}, {about.versions}", small=True)
    return document(title, [made, _in_short(evaluation), *sections])


def _judged_by(evaluation: Evaluation) -> str:
    return f"{len(evaluation.images):,} {evaluation.images.name}"


def _in_short(evaluation: Evaluation) -> str:
    """What came out; before it, whether something is missing."""
    said = []
    for one in evaluation.judged:
        wrong = len(one.answers) - int(one.answers.right.sum())
        said.append(
            f"**{one.name}** reads {percent(one.answers.accuracy)} of {_judged_by(evaluation)} "
            f"right, and {wrong:,} wrong; in truth {interval_in_words(*one.interval)} (Wilson's "
            "interval, 95 %)."
        )
    if evaluation.mcnemar is not None:
        first, second = evaluation.judged
        said.append(difference_in_words(first.name, second.name, evaluation.mcnemar))
    missing = (
        f'<div class="part">{paragraph(f"**This is a part:** {evaluation.missing} are missing.")}'
        "</div>"
    )
    return (missing if evaluation.missing else "") + paragraph(" ".join(said))
