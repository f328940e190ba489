"""The curves of a run, and of earlier ones laid over them; the newest values as text."""

from time import monotonic

import streamlit as st

from mnist_core.runs.state import RunView
from mnist_core.training.config import TrainConfig
from ui.charts import curves as charts
from ui.charts import learning
from ui.html import legend
from ui.session import ShownRun, earlier_run_now, earlier_runs, session
from ui.settings import run_summary
from ui.theme import MODELS
from ui.train.share import share

CURVES_EVERY = 0.9  # seconds; drawing them takes the browser's core from the training


def curves(config: TrainConfig | None, run: ShownRun | None) -> None:
    """Accuracy and loss, training against validation, and the newest values as text."""
    pictures = st.container()
    others = _others(run)
    with pictures:
        laid_over = {f"{o.name}, validation": ("- -", o.colour) for o in others}
        st.html(legend(learning.CURVE_LEGEND | laid_over))
        _curve_charts(config or TrainConfig(), run, others)
        st.caption(_values_in_words(run))
        share(run)
    with st.expander("Every epoch in numbers"):
        results = run.view.results if run else ()
        st.dataframe(learning.results_table(results), hide_index=True)


def _curve_charts(
    planned: TrainConfig, run: ShownRun | None, others: list[learning.OtherRun]
) -> None:
    """The two charts; empty ones over the epochs that are planned where there is no run."""
    drawn = _drawn(run.view) if run else None
    config, results, line = (
        (drawn.config, drawn.results, drawn.batch_line) if drawn else (planned, (), ())
    )
    for column, measure in zip(st.columns(2), ("accuracy", "loss"), strict=True):
        curves = learning.learning_curves(measure, results, line, config.steps_per_epoch, others)
        figure = charts.learning_figure(
            measure, curves, epochs=config.epochs, revision=run.id if run else ""
        )
        if run is not None and run.chosen:
            figure = charts.marked(figure, run.epoch)
        words = learning.learning_in_words(measure, results)
        column.plotly_chart(figure, key=f"curve_{measure}", config=charts.CONFIG, alt=words)


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
    chosen = st.multiselect(
        "Lay over",
        list(names),
        format_func=names.__getitem__,
        placeholder="earlier runs of this session",
        disabled=not names,
        key="others",
        persist_state="session",
    )
    return [
        learning.OtherRun(
            names[key], MODELS[earlier[key].config.model], earlier_run_now(key).results
        )
        for key in chosen
        if key in earlier
    ]


def _values_in_words(run: ShownRun | None) -> str:
    """The newest values, or those at the step that is looked at, as one line.

    It is there from the start, so that nothing moves.
    """
    if run is None:
        return "After each epoch its accuracy and loss stand here."
    summary, results = run_summary(run.config), run.view.results
    if not results:
        return f"{summary}. No epoch has ended yet."
    last = results[-1]
    chosen = session().chosen_step
    if chosen is not None:
        epochs = chosen // run.config.steps_per_epoch
        if not epochs:
            return f"{summary}. At step {chosen:,} no epoch has ended yet."
        last = results[min(epochs, len(results)) - 1]
    return (
        f"{summary}. After epoch {last.epoch}: training accuracy "
        f"**{last.train_accuracy:.2%}**, validation accuracy **{last.validation_accuracy:.2%}**, "
        f"training loss {last.train_loss:.4f}, validation loss {last.validation_loss:.4f}."
    )
