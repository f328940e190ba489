"""Files of a run: the network, the grid now, the grid forming, and the curves."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

import numpy as np
import streamlit as st

from mnist_core.figures import svg
from mnist_core.inspection.weight_pictures import first_layer_pictures
from mnist_core.runs.snapshots import Snapshot
from mnist_core.runs.state import RunView
from mnist_core.training.checkpoint import Checkpoint, write_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult
from ui.charts.learning import results_table
from ui.components.tiles import tiles_image
from ui.session import ShownRun, mnist
from ui.weights.over_training import accuracy_chart

FRAME_MS = 80
LAST_FRAME_MS = 1500  # the end is what one wants to see


def saving(run: ShownRun) -> None:
    """A button for each file, which is made when its button is pressed."""
    if run.snapshot is None:
        return
    files: list[tuple[str, Callable[[], bytes | str], str, str, str]] = [
        ("Network as NPZ", partial(network_npz, run.view, run.snapshot),
         f"network-step-{run.snapshot.step}.npz", "application/octet-stream", "save"),
        ("Grid as PNG", partial(grid_png, run.config, run.snapshot),
         f"weights-step-{run.snapshot.step}.png", "image/png", "image"),
        ("Grid forming as WebP", partial(forming_webp, run.config, run.snapshots),
         "weights-forming.webp", "image/webp", "movie"),
        ("Curves as CSV", partial(curves_csv, run.view.results),
         "curves.csv", "text/csv", "table"),
        ("Accuracy as SVG", partial(accuracy_svg, run.view),
         "accuracy.svg", "image/svg+xml", "show_chart"),
    ]  # fmt: skip
    with st.container(horizontal=True):
        for label, make, name, kind, icon in files:
            st.download_button(
                label,
                make,
                name,
                kind,
                icon=f":material/{icon}:",
                key=f"save_{name.rpartition('.')[2]}",
                on_click="ignore",
            )


def network_npz(view: RunView, snapshot: Snapshot) -> bytes:
    """The network of a snapshot, as the page and the command line load it."""
    config, epochs = view.config, snapshot.step // view.config.steps_per_epoch
    checkpoint = Checkpoint(
        model=config.network,
        parameters=snapshot.network(config).parameters.named(),
        config=config.to_dict(),
        history=[asdict(result) for result in view.results[:epochs]],
        step=snapshot.step,
        learning_rate=view.learning_rate,
        seed=config.seed,
        data_sha256=mnist().sha256,
    )
    file = io.BytesIO()
    write_checkpoint(file, checkpoint)
    return file.getvalue()


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
        duration=[*[FRAME_MS] * (len(frames) - 1), LAST_FRAME_MS],
        loop=0,
        quality=80,
        method=0,  # the fastest: a visitor waits for it
    )
    return file.getvalue()


def curves_csv(results: Sequence[EpochResult]) -> str:
    """Every epoch's values, one a line."""
    table = results_table(results)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return file.getvalue()


def accuracy_svg(view: RunView) -> str:
    """The accuracy curves as a file, dark on white."""
    return svg.on_white(accuracy_chart(view))
