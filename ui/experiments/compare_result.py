"""What a comparison has found so far: curves over each other, and at its end who is better."""

from statistics import fmean

import streamlit as st

from mnist_core.evaluation.sentences import difference_in_words, interval_in_words
from mnist_core.experiments.comparison import Judged, Pair, means_in_words
from mnist_core.experiments.comparison_files import CHARTS, curves_chart, pair_row
from mnist_core.experiments.experiment import Seen
from mnist_core.experiments.runner import Finished
from mnist_core.experiments.sweep import as_csv
from mnist_core.report.pieces import figure, side_by_side
from mnist_core.report.pieces import table as table_of
from ui.choices import EXPERIMENTS
from ui.components import paper
from ui.experiments.compared import Compared, Comparison
from ui.experiments.going_on import to_evaluate, to_train
from ui.glossary import words_explained
from ui.html import changing_text
from ui.words import percent, points

WORDS = ("validation images", "test images", "seed", "95 % interval", "McNemar's test")
SECONDS = (
    "Thin lines are seeds, bold ones their mean. Seconds are of training alone; runs beside each "
    "other on one machine disturb each other a little."
)


def what_came_out(comparison: Comparison, seen: Seen) -> None:
    """In one sentence who is better, the curves, each seed in numbers, the weights, the ways on."""
    outcome: Compared | None = seen.outcome
    if outcome is not None:
        _in_short(outcome)
    sides: dict[str, list[Finished]] = {"A": [], "B": []}
    for index, config in enumerate(seen.order.configs):
        unfinished = Finished(index, config, "unfinished", history=seen.history(index))
        sides["AB"[index % 2]].append(seen.finished.get(index, unfinished))
    charts = [figure(curves_chart(name, sides), f"By {CHARTS[name][0]}") for name in CHARTS]
    paper.show(side_by_side(charts), key="compare_curves")
    st.html(changing_text(SECONDS, small=True))
    if outcome is None:
        return
    paper.show(_table(outcome), key="compare_table")
    words_explained(WORDS)
    _weights(outcome)
    _ways_on(comparison, outcome)


def _in_short(outcome: Compared) -> None:
    """The difference over seeds, and McNemar's test of the first of them."""
    pair = outcome.pairs[0]
    for line in means_in_words(outcome.pairs).splitlines():
        st.html(changing_text(f"{line[0].upper()}{line[1:]}."))
    words = difference_in_words("A", "B", pair.test)
    st.html(changing_text(f"Seed {pair.seed}: {words}", small=True))


def _table(outcome: Compared) -> str:
    rows = [_row(pair) for pair in outcome.pairs]
    if len(rows) > 1:
        means = [
            fmean(judged.accuracy for judged in side)
            for side in ([p.first for p in outcome.pairs], [p.second for p in outcome.pairs])
        ]
        rows.append(["mean", *map(percent, means), points(means[1] - means[0]), ""])
    head = ["seed", "A (95 % interval)", "B (95 % interval)", "B minus A", "McNemar's p"]
    return table_of(head, rows, "Accuracy on test images", kind="wrapped")


def _row(pair: Pair) -> list[str]:
    test = pair.test
    return [
        f"{pair.seed}",
        _accuracy(pair.first),
        _accuracy(pair.second),
        points(test.difference),
        f"{test.p_value:.3g}",
    ]


def _accuracy(judged: Judged) -> str:
    return f"{percent(judged.accuracy)} ({interval_in_words(*judged.interval)})"


def _weights(outcome: Compared) -> None:
    st.header("The weights of the first layer", anchor=False)
    if not outcome.pictures:
        st.caption("Their shapes differ, so no weight of A has its like in B.")
        return
    st.caption(f"Seed {outcome.pairs[0].seed}: orange is above zero, blue below it.")
    drawn = [figure(chart, f"**{title}**") for title, chart in outcome.pictures.items()]
    paper.show(side_by_side(drawn), key="compare_weights")


def _ways_on(comparison: Comparison, outcome: Compared) -> None:
    with st.container(horizontal=True):
        to_train(comparison.first, words="Take A to Train", key="a_to_train")
        to_train(comparison.second, words="Take B to Train", key="b_to_train")
        to_evaluate(outcome.networks)
        st.download_button(
            "Tests (CSV)",
            as_csv([pair_row(pair) for pair in outcome.pairs]),
            "tests.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
            key=EXPERIMENTS.key("tests.csv"),
        )
