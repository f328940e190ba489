"""Train: press Start and watch a network learn.
The run lives in a process of its own; this page looks at it twice a second and never waits.
"""

from time import monotonic

import numpy as np
import streamlit as st

from mnist_core.inspection.activations import feature_maps
from mnist_core.inspection.weight_pictures import first_layer_pictures
from mnist_core.nn.network import Sequential
from mnist_core.runs.commands import (
    Pause,
    Resume,
    Rewind,
    SetLearningRate,
    Stop,
    TrainBatch,
    TrainEpoch,
)
from mnist_core.runs.local import RunHandle
from mnist_core.runs.state import RunView
from mnist_core.training.config import TrainConfig
from ui import theme
from ui.charts import curves as charts
from ui.charts.units import marked
from ui.components.tiles import weight_tiles
from ui.drawing import seen_image
from ui.html import legend, picture
from ui.session import current_run, mnist, pool, remember_best, session, show_run, watched_snapshot
from ui.settings import LEARNING_RATES, explained, run_summary, settings

LOOK_EVERY = 0.5  # seconds
CURVES_EVERY = 0.9  # seconds; drawing them takes the browser's core from the training
LIVE = ("starting", "running", "paused")
STATUS_WORDS = {
    "queued": "Waiting for its turn",
    "starting": "Starting",
    "running": "Training",
    "paused": "Paused",
    "finished": "Finished",
    "stopped": "Stopped",
    "diverged": "Diverged",
    "failed": "Failed",
}


def page() -> None:
    """The run on the left, the settings of the next one on the right."""
    st.title("Train", anchor=False)
    st.write("Press **Start** and watch a network learn to read handwritten digits.")
    picture, choice = st.columns([7, 3], gap="large")
    with choice:
        st.subheader("For the next run", anchor=False)
        chosen = settings(mnist().train.images[0])
        if chosen.problem:
            st.error(chosen.problem)
    with picture:
        handle = current_run()
        # A run that has ended changes no more. A paused one may be steered from another tab.
        polled = handle is not None and not handle.watch().ended
        st.fragment(_run, run_every=LOOK_EVERY if polled else None)(chosen.config, polled)


def _run(config: TrainConfig | None, polled: bool) -> None:
    """Everything that changes while a run goes on."""
    handle = current_run()
    view = handle.watch() if handle else None
    _buttons(config, handle, view)
    if view is not None:
        remember_best(view)
        if view.ended == polled:
            st.rerun()  # the polling must begin or end
    _progress(view)
    _curves(config, view)
    _applies_now(config, handle, view)
    _tiles(view)


def _buttons(config: TrainConfig | None, handle: RunHandle | None, view: RunView | None) -> None:
    """Start, and what can be asked of the run that is there.

    Callbacks carry commands out: they run before anything else, so a rerun that cuts a run of the
    page short can't lose a click. Start is not one: it needs the settings of this very run.
    """
    status = view.status if view else None
    with st.container(horizontal=True):
        start = st.button(
            "Start" if view is None else "Start a new run",
            type="secondary" if status in LIVE else "primary",
            icon=":material/play_arrow:",
            disabled=config is None,
            key="start",
        )
        if start and config is not None:
            if handle is not None and not handle.watch().ended:
                handle.send(Stop())
            show_run(pool().start(config).id)
            st.rerun()
        commands = [
            ("Pause", Pause(), ":material/pause:", status == "running"),
            ("One batch", TrainBatch(), ":material/step:", status in LIVE),
            ("One epoch", TrainEpoch(), ":material/skip_next:", status in LIVE),
            ("Stop", Stop(), ":material/stop:", status in (*LIVE, "queued")),
            ("Rewind", Rewind(), ":material/replay:", status not in (None, "queued", "starting")),
        ]
        if status == "paused":
            commands[0] = ("Resume", Resume(), ":material/resume:", True)
        for label, command, icon, possible in commands:
            st.button(
                label,
                icon=icon,
                disabled=handle is None or not possible,
                key=label,
                on_click=handle.send if handle else None,
                args=(command,),
            )
        if handle and status in ("failed", "stopped") and handle.checkpoint_path is not None:
            st.button(
                "Go on from the last checkpoint",
                key="go_on",
                on_click=_go_on,
                args=(handle,),
            )


def _go_on(handle: RunHandle) -> None:
    """Start a run that has failed or was stopped again, from its last checkpoint."""
    pool().resume(handle.id)


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
        (st.error if view.status in ("diverged", "failed") else st.info)(view.message)


def _curves(config: TrainConfig | None, view: RunView | None) -> None:
    """Accuracy and loss, training against validation, and the newest values as text."""
    shown = view.config if view else config or TrainConfig()
    drawn = _drawn(view)
    line = drawn.batch_line if drawn else ()
    results = drawn.results if drawn else ()
    at = np.array([point.step for point in line]) / shown.steps_per_epoch
    values = {
        "accuracy": np.array([point.accuracy for point in line]),
        "loss": np.array([point.loss for point in line]),
    }
    pictures = st.container()
    others = _others(view)
    with pictures:
        st.html(
            legend(
                charts.CURVE_LEGEND
                | {f"{other.name}, validation": ("- -", other.colour) for other in others}
            )
        )
        for column, measure in zip(st.columns(2), ("accuracy", "loss"), strict=True):
            figure = charts.learning_curves(
                measure,
                results,
                at,
                values[measure],
                epochs=shown.epochs,
                revision=view.id if view else "",
                others=others,
            )
            words = _curve_words(measure, drawn)
            snapshot = session().chosen_step
            if view is not None and snapshot is not None:
                figure = marked(figure, snapshot / shown.steps_per_epoch)
            column.plotly_chart(figure, key=f"curve_{measure}", config=charts.CONFIG, alt=words)
        st.caption(_values_in_words(view))
    with st.expander("Every epoch in numbers"):
        st.dataframe(charts.results_table(view.results if view else ()), hide_index=True)


def _drawn(view: RunView | None) -> RunView | None:
    """The view whose curves are drawn: the newest, but of a running run not more than one a second.

    A chart that gets what it had costs nothing.
    """
    if view is None or view.status != "running":
        return view
    before, at = st.session_state.get("curves_drawn", (view, -np.inf))
    same = before.id == view.id and before.step <= view.step
    if same and monotonic() - at < CURVES_EVERY:
        return before
    st.session_state["curves_drawn"] = (view, monotonic())
    return view


def _others(view: RunView | None) -> list[charts.OtherRun]:
    """The earlier runs of this session that the visitor lays over the curves."""
    earlier = {}
    for run_id in session().runs:
        handle = pool().get(run_id)
        if handle is not None and (view is None or run_id != view.id):
            earlier[run_id] = handle.watch()
    names = {key: run_summary(other.config, short=True) for key, other in earlier.items()}
    chosen = st.multiselect(
        "Lay over",
        list(names),
        format_func=lambda key: f"{names[key]} ({key[:4]})",
        placeholder="earlier runs of this session",
        disabled=not names,
        key="others",
        persist_state="session",
    )
    colours = {"mlp": theme.MLP, "cnn": theme.CNN}
    return [
        charts.OtherRun(
            f"{names[key]} ({key[:4]})", colours[earlier[key].config.model], earlier[key].results
        )
        for key in chosen
        if key in earlier
    ]


def _curve_words(measure: charts.Measure, view: RunView | None) -> str:
    """The chart in a sentence, for those who do not see it."""
    if view is None or not view.results:
        return f"{measure} over epochs: no epoch has ended yet"
    last = view.results[-1]
    train, validation = (getattr(last, f"{which}_{measure}") for which in ("train", "validation"))
    return (
        f"{measure} over epochs; after epoch {last.epoch}: training {train:.4f}, "
        f"validation {validation:.4f}"
    )


def _values_in_words(view: RunView | None) -> str:
    """The newest values, or those of the snapshot that is looked at, as one line.

    It is there from the start, so that nothing moves.
    """
    if view is None:
        return "After each epoch its accuracy and loss stand here."
    if not view.results:
        return f"{run_summary(view.config)}. No epoch has ended yet."
    last, snapshot = view.results[-1], session().chosen_step
    if snapshot is not None:
        epochs = snapshot // view.config.steps_per_epoch
        if not epochs:
            return f"{run_summary(view.config)}. At step {snapshot:,} no epoch has ended yet."
        last = view.results[min(epochs, len(view.results)) - 1]
    return (
        f"{run_summary(view.config)}. After epoch {last.epoch}: training accuracy "
        f"**{last.train_accuracy:.2%}**, validation accuracy **{last.validation_accuracy:.2%}**, "
        f"training loss {last.train_loss:.4f}, validation loss {last.validation_loss:.4f}."
    )


def _applies_now(
    config: TrainConfig | None, handle: RunHandle | None, view: RunView | None
) -> None:
    """What the run that goes on can still be told; shown without one, so that nothing moves."""
    shown = view.config if view else config or TrainConfig()
    key = f"rate_{handle.id if handle else ''}"

    def change() -> None:
        if handle is not None:
            handle.send(SetLearningRate(st.session_state[key]))

    st.select_slider(
        "Learning rate (applies now)",
        sorted({*LEARNING_RATES, shown.learning_rate}),
        shown.learning_rate,
        format_func=lambda rate: f"{rate:g}",
        key=key,
        on_change=change,
        disabled=view is None or view.ended,
    )
    explained("learning_rate_now")


def _tiles(view: RunView | None) -> None:
    """The first layer's weights as pictures; for a CNN also what its filters make of a digit."""
    cnn = view is not None and view.config.model == "cnn"
    noun = "filter" if cnn else "hidden unit"
    st.subheader(f"What the {noun}s look for", anchor=False)
    handle = current_run()
    snapshot = watched_snapshot(handle) if handle else None
    if view is None or snapshot is None:
        st.info("Each hidden unit's 784 weights will stand here as a picture. Press Start.")
        return
    st.caption(
        f"Each picture is one {noun}'s weights: orange where ink speaks for it, blue where ink "
        "speaks against it. Choose one to read its values."
    )
    network = snapshot.network(view.config)
    if session().chosen_step is not None:
        st.caption(f"At step **{snapshot.step:,}**, the step chosen on the Weights page.")
    shared = st.toggle("One colour scale for all", key="tiles_shared", persist_state="session")
    weight_tiles(
        first_layer_pictures(network),
        key=f"tiles_{view.id}",
        scale="shared" if shared else "each",
        columns=8 if cnn else 16,
        noun=noun,
        description=f"Weights of the {noun}s",
    )
    if cnn:
        _feature_maps(view, network)


def _feature_maps(view: RunView, network: Sequential) -> None:
    """What each convolution makes of the digit last drawn, or of a test image."""
    drawn = seen_image(session().drawing)
    image = mnist().test.images[0] if drawn is None else drawn
    whose = "a test image" if drawn is None else "your drawing"
    st.subheader(f"What they make of {whose}", anchor=False)
    st.html(picture(image, alt=whose, width=112))
    for number, (layer, maps) in enumerate(feature_maps(network, image).items(), start=1):
        if not layer.has_maps:
            continue
        st.caption(f"Convolution {number}: {len(maps)} feature maps; bright where it found much.")
        weight_tiles(
            maps,
            key=f"maps_{view.id}_{number}",
            diverging=False,
            scale="shared",
            noun="feature map",
            quantity="activation",
            description=f"Feature maps of convolution {number}",
        )
