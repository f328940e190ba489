"""Links to the run that is shown: to watch it, or to command it too."""

import streamlit as st

from ui.links import Choice, link_to_run
from ui.session import ShownRun

NOT_IN_THE_LINK = (
    "The page can't set all that this run was started with: a new run there has other settings."
)


def share(run: ShownRun | None) -> None:
    """A button that opens the links; who may only watch can hand on only that."""
    address = st.context.url or ""
    with st.popover("Share this run", icon=":material/share:", disabled=run is None, key="share"):
        if run is None:
            return
        settings = Choice.of_run(run.config)
        st.write("Whoever opens this link sees the run:")
        st.code(link_to_run(address, run.id, settings), language=None, wrap_lines=True)
        if run.is_mine and (key := run.handle.command_key):
            st.write("Whoever opens this one can also pause, stop and rewind it:")
            link = link_to_run(address, run.id, settings, command_key=key)
            st.code(link, language=None, wrap_lines=True)
        if settings is None:
            st.caption(NOT_IN_THE_LINK)
