"""The snapshots of a run: one slider for all pages, playing, saving, and going on from a snapshot.
What is chosen is a step of the run in session().chosen_step; None stands for the newest.
"""

import csv
import io
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.weight_pictures import first_layer_pictures
from mnist_core.runs.local import RunHandle
from mnist_core.runs.snapshots import Snapshot
from mnist_core.runs.state import RunView
from mnist_core.training.checkpoint import save_checkpoint
from mnist_core.training.config import LIMITS, TrainConfig
from mnist_core.training.run import EpochResult, starting_point
from ui import theme
from ui.charts import curves as charts
from ui.charts import svg
from ui.charts import units as unit_charts
from ui.components import svg_chart
from ui.components.step_slider import step_slider
from ui.components.tiles import tiles_image
from ui.drawing import own_digit
from ui.html import captioned, legend, picture, probability_bars
from ui.session import mnist, pool, session, show_run, watched_snapshot
from ui.settings import LEARNING_RATES

PLAY_EVERY = 0.25  # seconds
SPEEDS = {"1x": 1, "2x": 2, "5x": 5, "10x": 10}  # snapshots at each of those
FRAME_MS = 80
MOST_EPOCHS = int(LIMITS["epochs"][1])
PLAYING = "time_machine_playing"


def playing(handle: RunHandle | None) -> bool:
    """Whether the snapshots of this run are being played."""
    return handle is not None and st.session_state.get(PLAYING) == handle.id


def time_machine(handle: RunHandle) -> None:
    """The slider and what it moves: the mark on the curves and the answer for one's own digit.

    Nothing is shown before the run has its first snapshot.
    """
    if playing(handle):
        _advance(handle, SPEEDS[st.session_state.get("play_speed") or "1x"])
    snapshots, view = handle.snapshots.all, handle.watch()
    shown = watched_snapshot(handle)
    if shown is None or not snapshots:
        return
    _controls(handle, view, snapshots, shown)
    _answers_over_training(view, snapshots, shown)


def _controls(
    handle: RunHandle, view: RunView, snapshots: Sequence[Snapshot], shown: Snapshot
) -> None:
    """Play, step, speed, live, and the slider over the run's steps."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Stop playing" if playing(handle) else "Play",
            icon=":material/stop:" if playing(handle) else ":material/play_arrow:",
            on_click=partial(_toggle_playing, handle),
            disabled=len(snapshots) < 2,
            key="play",
        )
        for words, icon, by in (("before", "previous", -1), ("after", "next", 1)):
            st.button(
                f"Snapshot {words}",
                icon=f":material/skip_{icon}:",
                on_click=partial(_step, handle, by),
                key=f"snapshot_{words}",
            )
        st.button(
            "Live", icon=":material/fast_forward:", on_click=_go_live,
            disabled=session().chosen_step is None and not playing(handle), key="live",
        )  # fmt: skip
        st.segmented_control(
            "Speed", list(SPEEDS), default="1x", required=True, key="play_speed",
            label_visibility="collapsed",
        )  # fmt: skip
    # The whole length of the run from the start: a slider whose end moves can't be held.
    steps = view.config.steps_per_epoch * view.config.epochs
    step_slider(
        "Step of the run", min(shown.step, steps), steps, key=f"step_{handle.id}", on_move=_choose
    )
    state = "the newest, live" if session().chosen_step is None else "chosen"
    st.caption(
        f"Step **{shown.step:,}** (epoch {shown.step / view.config.steps_per_epoch:.2f}), {state}; "
        f"{len(snapshots)} snapshots are kept, dense at first. Train and Draw show this step too."
    )


def _choose(step: int) -> None:
    session().chosen_step = step
    st.session_state.pop(PLAYING, None)


def _step(handle: RunHandle, by: int) -> None:
    st.session_state.pop(PLAYING, None)
    _move(handle, by)


def _go_live() -> None:
    session().chosen_step = None
    st.session_state.pop(PLAYING, None)


def _toggle_playing(handle: RunHandle) -> None:
    if playing(handle):
        st.session_state.pop(PLAYING, None)
        return
    st.session_state[PLAYING] = handle.id
    snapshots = handle.snapshots.all
    snapshot = session().chosen_step
    at_the_end = snapshot is None or snapshot >= snapshots[-1].step
    if at_the_end:
        session().chosen_step = snapshots[0].step


def _move(handle: RunHandle, by: int) -> bool:
    """Go to the snapshot so many places on; False if that is beyond the first or the last."""
    steps = [snapshot.step for snapshot in handle.snapshots.all]
    shown = watched_snapshot(handle)
    if shown is None:
        return False
    place = bisect_left(steps, shown.step) + by
    session().chosen_step = steps[min(max(place, 0), len(steps) - 1)]
    return 0 <= place < len(steps)


def _advance(handle: RunHandle, by: int) -> None:
    """One tick of playing; at the end the run is live again."""
    if not _move(handle, by):
        _go_live()


def _answers_over_training(view: RunView, snapshots: Sequence[Snapshot], shown: Snapshot) -> None:
    """Accuracy with the snapshot's mark; the digit's ten probabilities over the whole training."""
    per_epoch = view.config.steps_per_epoch
    image, whose = own_digit()
    probabilities = _probabilities(view, snapshots, image)  # (snapshots, 10)
    now = probabilities[bisect_left([m.step for m in snapshots], shown.step)]
    left, middle, right = st.columns([4, 4, 3], gap="medium")
    with left:
        svg_chart.show(accuracy_chart(view, mark=shown.step / per_epoch), key=f"accuracy_{view.id}")
        st.html(legend(charts.CURVE_LEGEND))
    places = charts.thinned(np.arange(len(snapshots)), 100)
    digit_chart = svg.line_chart(
        [
            svg.Curve(
                str(digit),
                colour,
                [snapshots[place].step / per_epoch for place in places],
                (100 * probabilities[places, digit]).tolist(),
            )
            for digit, colour in enumerate(unit_charts.DIGITS)
        ],
        x_range=(0, view.config.epochs),
        y_range=(0, 100),
        x_title="epoch",
        y_title="probability (%)",
        alt=f"the ten probabilities for {whose} over the training",
        mark=shown.step / per_epoch,
    )
    with middle:
        svg_chart.show(digit_chart, key=f"digit_{view.id}")
        st.html(legend({str(d): ("●", colour) for d, colour in enumerate(unit_charts.DIGITS)}))
    right.html(
        captioned(picture(image, alt=whose, width=56), f"{whose}, at step {shown.step:,}")
        + probability_bars(now, colour=theme.OWN)
    )


def accuracy_chart(view: RunView, mark: float | None = None) -> str:
    """Accuracy over epochs as SVG: batches faint, ends of epochs bold, a line at epoch `mark`."""
    per_epoch = view.config.steps_per_epoch
    line = [view.batch_line[i] for i in charts.thinned(np.arange(len(view.batch_line)))]
    curves = [
        svg.Curve(
            "training, batch by batch",
            theme.faded(theme.TRAINING),
            [point.step / per_epoch for point in line],
            [100 * point.accuracy for point in line],
            width=1,
        )
    ]
    at = [result.epoch for result in view.results]
    training = [100 * result.train_accuracy for result in view.results]
    validation = [100 * result.validation_accuracy for result in view.results]
    curves += [
        svg.Curve("training", theme.TRAINING, at, training, width=3, symbol="●"),
        svg.Curve("validation", theme.VALIDATION, at, validation, width=3, symbol="◆"),
    ]
    lowest = min((y for curve in curves for y in curve.y), default=0)
    return svg.line_chart(
        curves,
        x_range=(0, view.config.epochs),
        y_range=(min(90, 10 * (lowest // 10)), 100),
        x_title="epoch",
        y_title="accuracy (%)",
        alt=_accuracy_in_words(view, mark),
        mark=mark,
    )


def _accuracy_in_words(view: RunView, mark: float | None) -> str:
    words = "accuracy over epochs"
    if view.results:
        last = view.results[-1]
        words += f": {last.train_accuracy:.1%} in training and {last.validation_accuracy:.1%} "
        words += f"in validation after epoch {last.epoch}"
    return words if mark is None else f"{words}; a mark at epoch {mark:.2f}"


def _probabilities(view: RunView, snapshots: Sequence[Snapshot], image: Array) -> Array:
    """What each snapshot's network says of an image, (snapshots, 10); only new ones are asked."""
    key = f"probabilities_{view.id}"
    of_image, known = st.session_state.get(key, (b"", {}))
    if of_image != image.tobytes():
        known = {}
    answers, network = {}, None
    for snapshot in snapshots:
        parameters, answer = known.get(snapshot.step, (None, None))
        # A rewound run comes to the same step again, with other weights perhaps.
        if parameters is not snapshot.parameters:
            network = network or snapshot.network(view.config)
            network.parameters.flat[...] = snapshot.parameters
            answer = network.predict_proba(image[None])[0]
        answers[snapshot.step] = (snapshot.parameters, answer)
    st.session_state[key] = (image.tobytes(), answers)
    return np.array([answer for _, answer in answers.values()])


def saving(handle: RunHandle) -> None:
    """Files of the run: the grid now, the grid forming, and the curves."""
    view, shown = handle.watch(), watched_snapshot(handle)
    if shown is None:
        return
    with st.container(horizontal=True):
        # Each file is made when its button is pressed.
        st.download_button(
            "Grid as PNG",
            partial(grid_png, view.config, shown),
            f"weights-step-{shown.step}.png",
            "image/png",
            icon=":material/image:",
            key="save_png",
            on_click="ignore",
        )
        st.download_button(
            "Grid forming as WebP",
            partial(forming_webp, view.config, handle.snapshots.all),
            "weights-forming.webp",
            "image/webp",
            icon=":material/movie:",
            key="save_webp",
            on_click="ignore",
        )
        st.download_button(
            "Curves as CSV",
            partial(curves_csv, view.results),
            "curves.csv",
            "text/csv",
            icon=":material/table:",
            key="save_csv",
            on_click="ignore",
        )
        st.download_button(
            "Accuracy as SVG",
            partial(accuracy_svg, view),
            "accuracy.svg",
            "image/svg+xml",
            icon=":material/show_chart:",
            key="save_svg",
            on_click="ignore",
        )


def grid_png(config: TrainConfig, snapshot: Snapshot) -> bytes:
    """The tiles of a snapshot as a PNG."""
    file = io.BytesIO()
    tiles_image(first_layer_pictures(snapshot.network(config)), pixel=3).save(file, "PNG")
    return file.getvalue()


def forming_webp(config: TrainConfig, snapshots: Sequence[Snapshot]) -> bytes:
    """All snapshots one after the other as an animated WebP, in the colours of one scale."""
    network = snapshots[-1].network(config)
    scale = float(np.abs(first_layer_pictures(network)).max()) or 1.0
    frames = []
    for snapshot in snapshots:
        network.parameters.flat[...] = snapshot.parameters
        frames.append(tiles_image(first_layer_pictures(network), scale=scale))
    file = io.BytesIO()
    frames[0].save(
        file,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=[*[FRAME_MS] * (len(frames) - 1), 1500],  # the end is what one wants to see
        loop=0,
        quality=80,
        method=0,  # the fastest: a visitor waits for it
    )
    return file.getvalue()


def curves_csv(results: Sequence[EpochResult]) -> str:
    """Every epoch's values, one a line."""
    table = charts.results_table(results)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return file.getvalue()


def accuracy_svg(view: RunView) -> str:
    """The accuracy curves as a file, dark on white."""
    return svg.on_white(accuracy_chart(view))


def begin_from(handle: RunHandle, snapshot: Snapshot, config: TrainConfig) -> None:
    """Start a new run with these settings from a snapshot's weights, and show it."""
    path = handle.folder / f"snapshot-{snapshot.step}.npz"
    save_checkpoint(path, starting_point(config, snapshot.parameters, mnist().sha256))
    show_run(pool().start(config, checkpoint=path).id)


def going_on(handle: RunHandle) -> None:
    """A new run that begins with the weights of the snapshot."""
    view, shown = handle.watch(), watched_snapshot(handle)
    if shown is None:
        return
    st.write(
        f"A new run begins with the weights of step {shown.step:,}; its steps count from 0 and "
        "its optimizer starts afresh."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rate = st.select_slider(
            "Learning rate",
            sorted({*LEARNING_RATES, view.config.learning_rate}),
            view.config.learning_rate,
            format_func=lambda value: f"{value:g}",
            key=f"begin_rate_{handle.id}",
        )
        key = f"begin_epochs_{handle.id}"
        epochs = st.number_input("Epochs", 1, MOST_EPOCHS, view.config.epochs, key=key)
        if st.button("Go on from here", key="begin_from", icon=":material/alt_route:"):
            begin_from(handle, shown, replace(view.config, learning_rate=rate, epochs=int(epochs)))
            st.rerun()
