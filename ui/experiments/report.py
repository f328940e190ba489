"""The report's experiment, run again: its figures grow as its runs are finished."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from html import escape

import streamlit as st

from mnist_core.data.mnist import Dataset
from mnist_core.experiments.experiment import Order, Seen
from mnist_core.experiments.kept_runs import KeptRuns
from mnist_core.experiments.reference import page as paper_of
from mnist_core.experiments.reference.found import Found, gathered, so_far, verdicts
from mnist_core.experiments.reference.plan import FASTER, FEW, MANY, Plan, planned
from mnist_core.experiments.reference.sections import what_was_trained
from mnist_core.experiments.reference.sizes import claims
from mnist_core.experiments.reference.tables import tables
from mnist_core.experiments.runner import Finished
from mnist_core.experiments.sweep import as_csv
from mnist_core.figures.svg import on_white
from mnist_core.paths import COMMAND_LINE
from mnist_core.report.pieces import bold, paragraph, section
from ui import session
from ui.choices import EXPERIMENTS
from ui.components import paper
from ui.experiments.progress import progress_of
from ui.experiments.server import look, pace
from ui.glossary import words_explained
from ui.html import changing_text
from ui.live import live
from ui.words import duration

SIZES = {"whole": "The whole experiment", "quick": "A quick version"}
WORDS = (
    *("validation images", "test images", "overfitting", "learning rate", "diverged"),
    *("seed", "95 % interval"),
)
NOT_TESTED = "not tested yet"
LATER = {
    "The weights": "The weights of the report's 64 units, beside those of a well-trained network",
    "Test images": "What each network reads of the test images, which are looked at once",
}


@dataclass(frozen=True)
class Concluded:
    """What came out, and its figures as SVG by the names of their files."""

    found: Found
    drawn: dict[str, str]


def report() -> None:
    """What the experiment is, its button, its claims, and its figures as far as they are known."""
    size = EXPERIMENTS.said("size", "whole", SIZES)
    plan = planned(len(session.mnist().train), quick=size == "quick")
    order = order_of(plan)
    st.html(changing_text(_what_it_is(plan)))
    st.segmented_control(
        "How much",
        list(SIZES),
        format_func=SIZES.__getitem__,
        required=True,
        label_visibility="collapsed",
        key=EXPERIMENTS.key("size"),
        persist_state="session",
    )
    live(partial(_shown, plan), look(order), partial(look, order), pace=pace)
    words_explained(WORDS)


def order_of(plan: Plan) -> Order:
    """The experiment as the server is asked for it."""

    def conclude(runs: Sequence[Finished], kept: KeptRuns, data: Dataset) -> Concluded:
        found = gathered(plan, runs, kept, data)
        return Concluded(found, paper_of.figures(found))

    claimed = tuple(i for i, name in enumerate(plan.named) if name in (MANY, FEW, FASTER))
    return Order(f"report {plan.is_quick}", tuple(plan.configs), conclude, urgent=claimed)


def _what_it_is(plan: Plan) -> str:
    few, many = (plan.named[name] for name in (FEW, MANY))
    return (
        "A student's report trained a network of 784-64-10 sigmoid units on "
        f"**{few.train_size:,}** and on **{many.train_size:,}** images of digits, and tried "
        "learning rates. Here its whole experiment is run again, and **three of its claims are "
        "tested**."
    )


def _shown(plan: Plan, seen: Seen) -> None:
    """All that changes while it goes on."""
    if seen.state == "finished":
        concluded: Concluded = seen.outcome
    else:
        found = so_far(plan, seen.finished, seen.curves, session.mnist())
        concluded = Concluded(found, paper_of.figures(found))
    found = concluded.found
    progress_of(
        seen,
        start=f"Run the experiment (about {duration(seen.seconds_left)})",
        done=f"Finished: all {len(plan.configs)} runs are there.",
        key="report",
    )
    paper.show(_claims(found), key="report_claims")
    if found.is_complete:
        _downloads(concluded)
    if plan.is_quick:
        paper.show(paragraph(paper_of.quick_words(plan)), key="report_quick")
    for title, parts in paper_of.whole_parts(found, concluded.drawn).items():
        paper.show(section(title, parts), key=f"report_{title}")
    if found.is_complete:
        trained = what_was_trained(found, command(plan))
        paper.show(section("What was trained", trained), key="report_trained")
    else:
        for title, words in LATER.items():
            later = paragraph(f"{words}: at the end, when all runs are finished.", small=True)
            paper.show(section(title, [later]), key=f"report_{title}")


def _claims(found: Found) -> str:
    """The three claims, each with what became of it; in short what came out, at the end."""
    stated = verdicts(found)
    named = found.plan.named
    said = []
    for number, claim in enumerate(claims(named[FEW].train_size, named[MANY].train_size)):
        verdict = stated[number].verdict if stated else NOT_TESTED
        words = f"<p>{bold(stated[number].words)}</p>" if stated else ""
        kind = verdict.replace(" ", "-")
        said.append(
            f'<li><p>“{escape(claim)}” <b class="verdict {kind}">{verdict.capitalize()}</b></p>'
            f"{words}</li>"
        )
    short = paragraph(paper_of.in_short(found)) if found.is_complete else ""
    return f'{short}<ol class="claims">{"".join(said)}</ol>'


def command(plan: Plan) -> str:
    """The command line that makes the same."""
    return " ".join([*COMMAND_LINE, "report --out report"]) + " --quick" * plan.is_quick


def _downloads(concluded: Concluded) -> None:
    with st.container(horizontal=True):
        for words, name, kind, made, icon in (
            ("Download the report (HTML)", "report.html", "text/html", _html, "description"),
            ("Download figures and tables (ZIP)", "report.zip", "application/zip", _zip, "table"),
        ):
            st.download_button(
                words,
                partial(made, concluded),
                name,
                mime=kind,
                icon=f":material/{icon}:",
                on_click="ignore",
                key=EXPERIMENTS.key(name),
            )


def _html(concluded: Concluded) -> bytes:
    found = concluded.found
    about = paper_of.about_now(command(found.plan), "MNIST", session.mnist().sha256)
    return paper_of.page(found, about).encode()


def _zip(concluded: Concluded) -> bytes:
    """Each figure as SVG, and the numbers behind it as CSV."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, chart in concluded.drawn.items():
            archive.writestr(name, on_white(chart))
        for name, rows in tables(concluded.found).items():
            archive.writestr(name, as_csv(rows))
    return file.getvalue()
