"""A page with a list of runs, what is chosen in it, and buttons by which the runs change."""

import streamlit as st

from ui.components.files import component_code
from ui.components.run_list import RunLine, run_list

NAMES = ["<img src=x onerror=alert(1)>", "**bold**", "ריצה\u202eabc", "y" * 10_000, "a\nb"]
RUNS = 20

st.set_page_config(layout="wide")
component_code()
state = st.session_state
turns = state.setdefault("turns", 0)
st.button("Train on", on_click=lambda: state.update(turns=state.turns + 1))
st.button("Choose the third", on_click=lambda: state.update(chosen=("run 2",)))
lines = [
    RunLine(
        id=f"run {n}",
        name=NAMES[n] if n < len(NAMES) else f"name {n}",
        settings="quick, epochs 2",
        status="Training" if n == 7 else "Finished",
        state="on" if n == 7 else "",
        curve=[0.8, 0.9, *[0.9 + turns / 100] * (n == 7)][: n + turns],
        best=f"{90 + turns if n == 7 else 90}.00 %",
        age="3 hours ago",
        size="0.9 MB",
    )
    for n in range(RUNS)
]
state["chosen"] = run_list(
    lines, chosen=state.get("chosen", ()), key="runs", description="Your runs"
)
st.write(f"chosen: {', '.join(state['chosen']) or 'nothing'}; turn {turns}")
