"""The curves of a run, and of earlier ones laid over them; the newest values as text."""

from collections.abc import Sequence
from time import monotonic

import streamlit as st

from mnist_core.runs.state import RunView
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult
from ui.charts import curves as charts
from ui.charts import learning
from ui.charts.learning_figure import learning_figure
from ui.choices import TRAIN
from ui.html import changing_text, data_table, legend
from ui.run_words import STATUS_WORDS
from ui.session import ShownRun, earlier_run_now, earlier_runs, session
from ui.settings import run_summary
from ui.theme import LEARNING_HEIGHT, MARK, MODELS
from ui.train.outcome import headline, in_words
from ui.train.share import share

LOOKS = "train_looks"  # how often this visitor's page was drawn
CURVES_EVERY = 0.9  # seconds; drawing them takes the browser's core from the training
# What can be drawn; accuracy has no chart of its own, since the error shows the same, and more.
SHOW: dict[str, Sequence[learning.Measure]] = {
    "Accuracy and loss": ("accuracy", "loss"),
    "Error, log scale": ("error",),
    "Loss": ("loss",),
}
BEYOND = {"beyond the axis: double-click shows it": ("▲", MARK)}


def curves(config: TrainConfig | None, run: ShownRun | None) -> None:
    """How a run learns: the charts, and the newest values as text."""
    with st.container(gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            shown = _shown_measures()
            others = _others(run)
            with st.popover("Numbers", icon=":material/table:", key="numbers"):
                st.write("Every epoch in numbers")
                results = run.view.results if run else ()
                st.html(_in_numbers(results))
            share(run)
        laid_over = {o.label: (f"- {o.symbol} -", o.colour) for o in others}
        st.html(legend(learning.CURVE_LEGEND | (BEYOND if run else {}) | laid_over))
        if run is None and not charts_are_due():
            st.html(f'<div style="height:{LEARNING_HEIGHT}px"></div>')
        else:
            _curve_charts(shown, config or TrainConfig(), run, others)
        number, words = st.columns([2, 3], vertical_alignment="center")
        number.html(headline(run))
        words.html(changing_text(in_words(run), small=True))


def _in_numbers(results: Sequence[EpochResult]) -> str:
    if not results:
        return "<p>The first epoch has not ended yet.</p>"
    columns = learning.results_table(results)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return data_table(rows, caption="Every epoch in numbers")


def count_look() -> None:
    """To be called each time that the page is drawn."""
    st.session_state[LOOKS] = st.session_state.get(LOOKS, 0) + 1


def charts_are_due() -> bool:
    """Whether the charts of a visitor without a run are drawn, which happens at the second look.

    Their library keeps a browser busy for about a second; the network's picture comes before.
    """
    return st.session_state.get(LOOKS, 0) > 1


def _shown_measures() -> Sequence[learning.Measure]:
    """What the reader wants to see drawn."""
    return SHOW[TRAIN.row("show", "Show", SHOW)]


def _curve_charts(
    shown: Sequence[learning.Measure],
    planned: TrainConfig,
    run: ShownRun | None,
    others: list[learning.OtherRun],
) -> None:
    """A chart for each measure; empty ones over the planned epochs where there is no run."""
    drawn = _drawn(run.view) if run else None
    config = drawn.config if drawn else planned
    results, line = (drawn.results, drawn.batch_line) if drawn else ((), ())
    rates = _rates(drawn) if drawn else []
    for column, measure in zip(st.columns(len(shown)), shown, strict=True):
        curves = learning.learning_curves(
            measure,
            results,
            line,
            config.steps_per_epoch,
            others,
            diverged=drawn is not None and drawn.status == "diverged",
        )
        figure = learning_figure(
            measure, curves, epochs=config.epochs, revision=run.id if run else "", rates=rates
        )
        words = learning.learning_in_words(measure, curves)
        words += "".join(f"; learning rate {rate:g} from epoch {at:,.2f} on" for at, rate in rates)
        if run is not None and run.chosen:
            figure = charts.marked(figure, run.epoch)
            words += f"; a mark at epoch {run.epoch:,.2f}"
        column.plotly_chart(figure, key=f"curve_{measure}", config=charts.CONFIG, alt=words)


def _rates(view: RunView) -> list[tuple[float, float]]:
    """Where the learning rate was changed, in epochs, and what it became."""
    per_epoch = view.config.steps_per_epoch
    changes = learning.lasting_changes(
        view.rate_changes, view.config.learning_rate, per_epoch * view.config.epochs
    )
    return [(step / per_epoch, rate) for step, rate in changes]


def _drawn(view: RunView) -> RunView:
    """The view whose curves are drawn: the newest, but of a running run not more than one a second.

    A chart that gets what it had costs nothing.
    """
    kept = session().kept
    if view.status != "running":
        kept.pop("curves drawn", None)
        return view
    before, at = kept.get("curves drawn", (None, 0.0))
    if before is not None and before.step <= view.step and monotonic() - at < CURVES_EVERY:
        return before
    kept["curves drawn"] = (view, monotonic())
    return view


def _others(run: ShownRun | None) -> list[learning.OtherRun]:
    """The earlier runs of this session that the visitor lays over the curves."""
    earlier = earlier_runs(run)
    names = {
        key: f"{run_summary(other.config, short=True)} ({key[:4]})"
        for key, other in earlier.items()
    }
    with st.popover("Lay over", icon=":material/layers:", disabled=not names, key="lay_over"):
        chosen = st.multiselect(
            "Earlier runs of this session",
            list(names),
            format_func=names.__getitem__,
            placeholder="Choose runs",
            key="others",
            persist_state="session",
        )
    symbols = learning.HOLLOW
    return [
        _laid_over(names[key], key, symbols[number % len(symbols)])
        for number, key in enumerate(chosen)
    ]


def _laid_over(name: str, key: str, symbol: learning.Symbol) -> learning.OtherRun:
    """An earlier run as it is drawn: its kind of network has its colour, itself its symbol."""
    run = earlier_run_now(key)
    colour, status = MODELS[run.config.model], STATUS_WORDS[run.status].lower()
    diverged = run.status == "diverged"
    return learning.OtherRun(name, status, colour, symbol, run.results, diverged)
