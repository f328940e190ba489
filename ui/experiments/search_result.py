"""What a search has found so far: a chart, a table, and at its end the best combination."""

from collections.abc import Sequence

import streamlit as st

from mnist_core.experiments.space import as_text
from mnist_core.experiments.sweep import (
    Score,
    as_csv,
    best,
    best_in_words,
    run_row,
    summary_row,
)
from mnist_core.experiments.sweep_chart import line_over, map_over
from mnist_core.report.pieces import table
from ui import session
from ui.choices import EXPERIMENTS
from ui.components import paper, svg_chart
from ui.experiments.asked import Search, Searched
from ui.experiments.going_on import to_train
from ui.html import changing_text

MOST_ROWS = 25
HOW_TO_READ = (
    "Look at the spread first: if two combinations differ by less than their seeds do, the search "
    "has not told them apart."
)


def what_is_known(search: Search, scored: Sequence[Score], outcome: Searched | None) -> None:
    """The best at the end, the chart, and the table."""
    if outcome is not None:
        _best(outcome)
    if chart := _chart(search, scored):
        svg_chart.show(chart, key="search_chart")
    else:
        st.caption("Two settings that are drawn at random make no grid: the table has them all.")
    paper.show(_table(search, scored), key="search_table")
    st.html(changing_text(HOW_TO_READ, small=True))
    if outcome is not None:
        _files(scored)


def _best(outcome: Searched) -> None:
    if outcome.best is None:
        st.warning("No combination went well with every seed, so none is judged by test images.")
        return
    images = len(session.mnist().test)
    words = best_in_words(outcome.best, outcome.tested, images)
    edge = _at_the_edge(outcome)
    st.html(changing_text(f"**{words[0].upper()}{words[1:]}.**{edge}"))
    to_train(
        outcome.best.candidate.configs[0],
        words="Take the best settings to Train",
        key="best_to_train",
    )


def _at_the_edge(outcome: Searched) -> str:
    """A sentence if the best value is the first or the last of its numbers."""
    assert outcome.best is not None
    for name, value in outcome.best.candidate.settings.items():
        tried = {score.candidate.settings[name] for score in outcome.scores}
        numbers = all(isinstance(one, int | float) for one in tried)
        if numbers and len(tried) > 2 and value in (min(tried), max(tried)):
            words = name.replace("_", " ")
            return f" It lies at an end of the values of the {words}: wider ones may be better."
    return ""


def _chart(search: Search, scored: Sequence[Score]) -> str:
    if len(search.names) == 1:
        return line_over(search.names[0], scored)
    return map_over(search.names[0], search.names[1], scored)


def _table(search: Search, scored: Sequence[Score]) -> str:
    """The best first; those of which nothing is known yet at the end."""
    top = best(scored)
    ordered = sorted(scored, key=lambda one: -one.mean if one.accuracies else 1)
    rows = [_row(search, score, top) for score in ordered[:MOST_ROWS]]
    head = [name.replace("_", " ") for name in search.names]
    head += ["mean", "lowest to highest", "runs", ""]
    caption = "Validation accuracy after the last epoch, over seeds, in %"
    if len(scored) > MOST_ROWS:
        caption += f": the best {MOST_ROWS} of {len(scored)}"
    return table(head, rows, caption, kind="wrapped")


def _row(search: Search, score: Score, top: Score | None) -> list[str]:
    settings = [as_text(name, score.candidate.settings[name]) for name in search.names]
    reached = [100 * share for share in score.accuracies]
    numbers = (
        [f"{100 * score.mean:.2f}", f"{min(reached):.2f} to {max(reached):.2f}"]
        if reached
        else ["–", "–"]
    )
    what = f"{score.diverged} diverged" if score.diverged else "best" if score is top else ""
    runs = f"{len(score.runs)}/{len(score.candidate.configs)}"
    return [*settings, *numbers, runs, what]


def _files(scored: Sequence[Score]) -> None:
    with st.container(horizontal=True):
        for words, name, rows in (
            ("All runs (CSV)", "results.csv",
             [run_row(score.candidate.settings, run) for score in scored for run in score.runs]),
            ("Means (CSV)", "summary.csv", [summary_row(score) for score in scored]),
        ):  # fmt: skip
            st.download_button(
                words,
                as_csv(rows),
                name,
                mime="text/csv",
                icon=":material/table:",
                on_click="ignore",
                key=EXPERIMENTS.key(name),
            )
