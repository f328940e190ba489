"""Links to the run that is shown: to watch it, or to command it too."""

import streamlit as st

from ui.links import link_to_run
from ui.session import ShownRun


def share(run: ShownRun) -> None:
    """A button that opens the links; who may only watch is told so, and can hand on only that."""
    address = st.context.url or ""
    with st.popover("Share", icon=":material/share:", key="share"):
        if not run.is_mine:
            st.write("You watch this run. **Start a new run** begins one of your own.")
        st.write("Whoever opens this link sees the run:")
        st.code(link_to_run(address, run.id), language=None, wrap_lines=True)
        if run.is_mine and run.handle.command_key:
            st.write("Whoever opens this one can also pause, stop and rewind it:")
            link = link_to_run(address, run.id, run.handle.command_key)
            st.code(link, language=None, wrap_lines=True)
