"""How a run's gradients, steps and weights went, and what is wrong with it.
Measured at the snapshots that are kept, on the same training images each time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.diagnostics import (
    gradient_of,
    root_mean_squares,
    update_ratios,
    weight_histogram,
)
from mnist_core.runs.snapshots import Snapshot
from mnist_core.training.config import TrainConfig
from ui.charts import units as unit_charts
from ui.charts.curves import CONFIG, marked
from ui.charts.learning import thinned
from ui.choices import WEIGHTS
from ui.diagnosing import diagnosis_of, diagnosis_with_remedy
from ui.session import ShownRun, mnist, session

SNAPSHOTS = 40  # that are measured, evenly spread over those that are kept
IMAGES = {"mlp": 500, "cnn": 64}  # of the fixed batch; a convolution takes longer
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")  # at most 3 and 3, and a last


@dataclass(frozen=True)
class Measured:
    """One snapshot's root mean squares by path ("0.W"): of the gradient, and of a mean step.

    `ratios` are of one step against the weights, from the measured snapshot before; empty for the
    first.
    """

    gradients: dict[str, float]
    ratios: dict[str, float]


def gradients(run: ShownRun) -> None:
    """Curves of gradients and steps, a histogram of weights, and named diagnoses."""
    snapshots = [run.snapshots[i] for i in thinned(np.arange(len(run.snapshots)), SNAPSHOTS)]
    if run.snapshot is None or not snapshots:
        st.info("The run has no snapshots yet: they come with its first step.")
        return
    measured = _measured(run.config, snapshots)
    _diagnosis(run)
    _curves(run, snapshots, measured)
    st.caption(
        f"On the same {IMAGES[run.config.model]} training images each time. One step usually "
        "changes weights by about 0.001 of their size. Where snapshots are n steps apart, the "
        "change between them is divided by the square root of n."
    )
    parameters = run.network.parameters.named()
    names = weights_in_words(parameters)
    name = WEIGHTS.said("histogram", next(iter(names)), names, of=run.id)
    st.segmented_control(
        "Histogram of",
        list(names),
        format_func=names.__getitem__,
        required=True,
        key=WEIGHTS.key(f"{run.id}histogram"),
        persist_state="session",
    )
    counts, edges = weight_histogram(parameters[name])
    st.plotly_chart(
        unit_charts.histogram(counts, edges, x="weight"), config=CONFIG, key="weight_histogram"
    )


def weights_in_words(names: Iterable[str]) -> dict[str, str]:
    """What the arrays of weights among these paths ("0.W", "0.b") are called, by path."""
    weights = [name for name in names if name.endswith(".W")]
    called = [*ORDINALS[: len(weights) - 1], "last"]
    return {name: f"{word} layer's weights" for name, word in zip(weights, called, strict=True)}


def _curves(run: ShownRun, snapshots: Sequence[Snapshot], measured: Sequence[Measured]) -> None:
    """Sizes of gradients and of steps over the epochs, a curve for each layer."""
    names = weights_in_words(measured[0].gradients)
    epochs = [round(snapshot.step / run.config.steps_per_epoch, 4) for snapshot in snapshots]
    left, right = st.columns(2, gap="medium")
    for column, title, values in (
        (left, "root mean square of the gradient", [m.gradients for m in measured]),
        (right, "one step / weight", [m.ratios for m in measured]),
    ):
        figure = unit_charts.lines(
            epochs,
            # A logarithm has no place for 0: a gap says that nothing moved.
            {words: [found.get(name) or None for found in values] for name, words in names.items()},
            x_title="epoch",
            y_title=title,
            log=True,
        )
        column.plotly_chart(marked(figure, run.epoch), config=CONFIG, key=f"gradients_{title}")


def _measured(config: TrainConfig, snapshots: Sequence[Snapshot]) -> list[Measured]:
    """What is known of each snapshot; only those that are new are worked out."""
    known: dict[tuple[str, str], Measured] = session().kept.get("gradients", {})
    train, count = mnist().train, IMAGES[config.model]
    progress, kept, before = st.empty(), {}, None
    for done, snapshot in enumerate(snapshots, start=1):
        # The ratio depends on the snapshot before, which changes when snapshots are thinned out.
        place = (before.token if before else "", snapshot.token)
        found = known.get(place)
        if found is None:
            progress.progress(done / len(snapshots), f"Snapshot {done} of {len(snapshots)}")
            found = _measure(config, snapshot, before, train.images[:count], train.labels[:count])
        kept[place], before = found, snapshot
    progress.empty()
    session().kept["gradients"] = kept
    return list(kept.values())


def _measure(
    config: TrainConfig,
    snapshot: Snapshot,
    before: Snapshot | None,
    images: Array,
    labels: Array,
) -> Measured:
    network = snapshot.network(config)
    found = root_mean_squares(gradient_of(network, images, labels))
    ratios = {}
    if before is not None:
        steps = snapshot.step - before.step
        earlier = before.network(config).parameters.named()
        way = update_ratios(earlier, network.parameters.named())
        ratios = {name: ratio / sqrt(steps) for name, ratio in way.items()}
    return Measured(found, ratios)


def _diagnosis(run: ShownRun) -> None:
    """What is wrong with the run, or that nothing is."""
    found = diagnosis_of(run)
    if found is None:
        st.success("Nothing is wrong with this run: it learns, and its units answer.")
    else:
        diagnosis_with_remedy(run, found)
