"""A page with 64 tiles that change twice a second, as while a network trains."""

import numpy as np
import streamlit as st

from ui.components.files import component_code
from ui.components.tiles import TileLook, weight_tiles

st.set_page_config(layout="wide")
query = st.query_params
units = int(query.get("units", "64"))
period = float(query.get("period", "0.5"))


@st.fragment(run_every=period or None)
def live() -> None:
    st.session_state.update_number = st.session_state.get("update_number", 0) + 1
    update = st.session_state.update_number
    backwards = st.toggle("Reversed")
    weights = np.random.default_rng(0).normal(size=(units, 28, 28)).astype(np.float32)
    ripple = np.sin(np.hypot(*np.indices((28, 28)) - 14.0) / 3)  # (28, 28)
    grown = np.linspace(0.2, 2, units)[:, None, None] * ripple * np.sin(update / 5)
    weights[1:] = 0.2 * weights[1:] + grown[1:]  # tile 0 never changes
    marks: list[str | None] = [None] * units
    marks[3 % units] = "dead"
    marks[5 % units] = "saturated"
    chosen = weight_tiles(
        weights,
        key="tiles",
        scale="shared" if query.get("scale") == "shared" else "each",
        marks=marks,
        labels=[f"speaks for {unit % 10}" for unit in range(units)] if "labels" in query else None,
        order=list(range(units))[::-1] if backwards else None,
        switched_off=[7] if units > 7 else [],
        look=TileLook(
            columns=32 if units > 256 else 16,
            height=int(query["height"]) if "height" in query else None,
        ),
    )
    st.write(f"update {update}, chosen {chosen}")


component_code()
live()
