"""A chart that has another figure four times a second, for the browser test."""

import streamlit as st

from ui.charts.curves import CONFIG
from ui.components.redrawn import charts_stay_until_redrawn


@st.fragment(run_every=0.25)
def live_chart() -> None:
    st.session_state.drawn = drawn = st.session_state.get("drawn", 0) + 1
    line = {"type": "scatter", "y": list(range(drawn))}
    st.plotly_chart({"data": [line], "layout": {"height": 200}}, key="live", config=CONFIG)
    st.text(f"drawn {drawn} times")


charts_stay_until_redrawn()
live_chart()
