"""Train: press Start and watch a network learn.
The run lives in a process of its own; this page looks at it twice a second and never waits.
"""

from functools import partial
from time import monotonic

import streamlit as st

from mnist_core.inspection.activations import feature_maps
from mnist_core.inspection.weight_pictures import first_layer_pictures
from mnist_core.runs.commands import (
    Command,
    Pause,
    Resume,
    Rewind,
    SetLearningRate,
    Stop,
    TrainBatch,
    TrainEpoch,
)
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.state import RunView
from mnist_core.training.config import TrainConfig
from ui.charts import curves as charts
from ui.charts import learning
from ui.components.tiles import TileLook, weight_tiles
from ui.drawing import own_digit
from ui.html import legend, picture
from ui.session import (
    ShownRun,
    command,
    earlier_run_now,
    earlier_runs,
    live,
    mnist,
    notice,
    session,
    shown_run,
    start_run,
)
from ui.settings import LEARNING_RATES, explained, run_summary, settings
from ui.theme import MODELS
from ui.train.share import share

LOOK_EVERY = 0.5  # seconds
FIRST_LOOK_EVERY = 0.15  # until there is something to see
REST_EVERY = 3.0  # when nothing is expected any more
CURVES_EVERY = 0.9  # seconds; drawing them takes the browser's core from the training
LIVE = ("starting", "running", "paused")
STATUS_WORDS = {
    "queued": "Waiting for its turn",
    "starting": "Starting",
    "running": "Training",
    "paused": "Paused",
    "finished": "Finished",
    "stopped": "Stopped",
    "interrupted": "Interrupted",
    "diverged": "Diverged",
    "failed": "Failed",
}
CAN_GO_ON = ("failed", "stopped", "interrupted")
WENT_WRONG = ("diverged", "failed")


def page() -> None:
    """The run on the left, the settings of the next one on the right."""
    st.title("Train", anchor=False)
    st.write("Press **Start** and watch a network learn to read handwritten digits.")
    picture, choice = st.columns([7, 3], gap="large")
    with choice:
        config = _next_run()

    def shown(run: ShownRun | None) -> None:
        _run(config, run)

    with picture:
        live(shown, shown_run(), shown_run, pace=_pace)


def _next_run() -> TrainConfig | None:
    """The settings of the next run; None, and why, where they make none."""
    st.subheader("For the next run", anchor=False)
    chosen = settings(mnist().train.images[0])
    if chosen.problem:
        st.error(chosen.problem)
    return chosen.config


def _pace(run: ShownRun | None) -> float | None:
    """A run that has ended may be let go on from another tab, but that is worth no haste."""
    if run is None:
        return None
    if run.view.ended:
        return REST_EVERY
    return LOOK_EVERY if run.view.step else FIRST_LOOK_EVERY


def _run(config: TrainConfig | None, run: ShownRun | None) -> None:
    """Everything that changes while a run goes on."""
    _buttons(config, run)
    _progress(run.view if run else None)
    _curves(config, run)
    _applies_now(config, run)
    _tiles(run)


def _buttons(config: TrainConfig | None, run: ShownRun | None) -> None:
    """Start, and what can be asked of the run that is there."""
    mine = run is not None and run.is_mine
    with st.container(horizontal=True):
        _start_button(config, run)
        for label, what, icon, possible in _commands(run.view.status if run else None):
            st.button(
                label,
                icon=icon,
                disabled=not mine or not possible,
                key=label,
                # Callbacks carry commands out: they run before anything else, so a rerun that cuts
                # a run of the page short can't lose a click.
                on_click=command if run else None,
                args=(run.handle, what) if run else (),
            )
        if run and mine and run.view.status in CAN_GO_ON:
            icon = ":material/resume:"
            st.button(
                "Go on", icon=icon, key="go_on", on_click=command, args=(run.handle, Resume())
            )
    if run and not mine and not run.view.elsewhere:
        st.caption("You watch this run. **Start a new run** begins one of your own.")
    notice()


def _start_button(config: TrainConfig | None, run: ShownRun | None) -> None:
    """Not by a callback: a start needs the settings of this very run of the page."""
    start = st.button(
        "Start" if run is None else "Start a new run",
        type="secondary" if run and run.view.status in LIVE else "primary",
        icon=":material/play_arrow:",
        disabled=config is None,
        key="start",
    )
    if start and config is not None:
        start_run(config)
        st.rerun()


def _commands(status: str | None) -> list[tuple[str, Command, str, bool]]:
    """What a run can be told: label, command, icon, and whether it is possible now."""
    pause = ("Pause", Pause(), ":material/pause:", status == "running")
    resume = ("Resume", Resume(), ":material/resume:", True)
    return [
        resume if status == "paused" else pause,
        ("One batch", TrainBatch(), ":material/step:", status in LIVE),
        ("One epoch", TrainEpoch(), ":material/skip_next:", status in LIVE),
        ("Stop", Stop(), ":material/stop:", status in (*LIVE, "queued")),
        ("Rewind", Rewind(), ":material/replay:", status not in (None, "queued", "starting")),
    ]


def _progress(view: RunView | None) -> None:
    """How far the run is, how long it still takes, how fast it is, or what went wrong."""
    if view is None:
        st.progress(0.0, "Not started: press Start. Quick and good takes a few seconds.")
        return
    words = [STATUS_WORDS[view.status]]
    if view.queue_position is not None:
        words.append(f"place {view.queue_position} in the queue")
    steps = view.config.steps_per_epoch * view.config.epochs
    words.append(f"step {view.step:,} of {steps:,}")
    if view.step:
        words.append(f"{view.seconds:.1f} s of training")
    if view.images_per_second and view.status == "running":
        words.append(f"{view.images_per_second:,.0f} images/s")
    if view.seconds_left is not None and view.status == "running":
        words.append(f"about {view.seconds_left:.0f} s left")
    st.progress(min(view.step / steps, 1.0), " · ".join(words))
    if view.message:
        (st.error if view.status in WENT_WRONG else st.info)(view.message)


def _curves(config: TrainConfig | None, run: ShownRun | None) -> None:
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


def _applies_now(config: TrainConfig | None, run: ShownRun | None) -> None:
    """What the run that goes on can still be told; shown without one, so that nothing moves."""
    shown = run.config if run else config or TrainConfig()
    key = f"rate_{run.id if run else ''}"
    st.select_slider(
        "Learning rate (applies now)",
        sorted({*LEARNING_RATES, shown.learning_rate}),
        shown.learning_rate,
        format_func=lambda rate: f"{rate:g}",
        key=key,
        on_change=partial(_set_rate, run.handle, key) if run else None,
        disabled=run is None or run.view.ended or not run.is_mine,
    )
    explained("learning_rate_now")


def _set_rate(handle: RunHandle, key: str) -> None:
    command(handle, SetLearningRate(st.session_state[key]))


def _tiles(run: ShownRun | None) -> None:
    """The first layer's weights as pictures; for a CNN also what its filters make of a digit."""
    cnn = run is not None and run.config.model == "cnn"
    noun = "filter" if cnn else "hidden unit"
    st.subheader(f"What the {noun}s look for", anchor=False)
    if run is None or run.snapshot is None:
        st.info("Each hidden unit's 784 weights will stand here as a picture. Press Start.")
        return
    st.caption(
        f"Each picture is one {noun}'s weights: orange where ink speaks for it, blue where ink "
        "speaks against it. Choose one to read its values."
    )
    if run.chosen:
        st.caption(f"At step **{run.snapshot.step:,}**, the step chosen on the Weights page.")
    shared = st.toggle("One colour scale for all", key="tiles_shared", persist_state="session")
    weight_tiles(
        first_layer_pictures(run.network),
        key=f"tiles_{run.id}",
        scale="shared" if shared else "each",
        look=TileLook(columns=8 if cnn else 16, noun=noun, description=f"Weights of the {noun}s"),
    )
    if cnn:
        _feature_maps(run)


def _feature_maps(run: ShownRun) -> None:
    """What each convolution makes of the digit last drawn, or of a test image."""
    image, whose = own_digit()
    st.subheader(f"What they make of {whose}", anchor=False)
    st.html(picture(image, alt=whose, width=112))
    for number, (layer, maps) in enumerate(feature_maps(run.network, image).items(), start=1):
        if not layer.has_maps:
            continue
        st.caption(f"Convolution {number}: {len(maps)} feature maps, bright where it found much.")
        weight_tiles(
            maps,
            key=f"maps_{run.id}_{number}",
            diverging=False,
            scale="shared",
            look=TileLook(
                noun="feature map",
                quantity="activation",
                description=f"Feature maps of convolution {number}",
            ),
        )
