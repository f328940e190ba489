"""How few units would do: accuracy against the number of units kept."""

import numpy as np
import streamlit as st

from ui.charts import units as unit_charts
from ui.charts.curves import CONFIG
from ui.networks import fingerprint
from ui.theme import NEGATIVE
from ui.weights.looked import Looked
from ui.weights.measures import pruned, quick


def pruning(looked: Looked) -> None:
    """The curve: at once, or when it is asked for where it takes longer or soon is out of date."""
    st.write(f"How few {looked.noun}s are enough? The most important are kept, one by one.")
    place = st.empty()
    wanted = fingerprint(looked.network)
    at_once = quick(looked) and not looked.changes
    if not at_once and st.session_state.get("pruned") != wanted:
        if not st.button("Draw the pruning curve", key=f"ask_pruned_{looked.key}"):
            return
        st.session_state["pruned"] = wanted
    curve = pruned(looked, lambda share, words: place.progress(share, words))
    place.empty()
    st.plotly_chart(
        unit_charts.lines(
            curve.kept.tolist(),
            {"accuracy": (100 * curve.accuracy).round(3).tolist()},
            x_title=f"{looked.noun}s kept, the most important first",
            y_title="accuracy (%)",
            colours=[NEGATIVE],
            y_range=(0, 101),
        ),
        config=CONFIG,
        key=f"pruning_{looked.key}",
    )
    enough = int(curve.kept[np.argmax(curve.accuracy >= curve.accuracy[-1] - 0.01)])
    st.caption(
        f"On {curve.images:,} {looked.held_out} images; {enough:,} of {looked.layer.units:,} are "
        "enough to be less than one percentage point below the whole network."
    )
