"""A network from a file, which can then be looked at here and answers on the Draw page."""

from pathlib import PurePath

import streamlit as st

from mnist_core.nn.builders import MAX_PARAMETERS
from mnist_core.training.checkpoint import CheckpointError, load_checkpoint
from ui.networks import LOADED, fingerprint
from ui.session import NamedNetwork, session
from ui.words import plain_name, spelled

MOST = 4  # networks of a visitor: each may be large, and is kept in the server's memory
MAX_MEGABYTES = (4 * MAX_PARAMETERS >> 20) + 1  # of the largest network that the page saves
FILE, PROBLEM = "network_file", "network_problem"
LONGEST_NAME = 30


def load_network(choice: str) -> None:
    """A file to load a network from, and the loaded ones to be removed.

    `choice` is the key of the widget that a loaded network is then chosen in.
    """
    with st.popover("Load a network", icon=":material/upload_file:"):
        st.file_uploader(
            "A network saved here (Look closer, Save), or by the command line",
            type=["npz"],
            max_upload_size=MAX_MEGABYTES,
            key=FILE,
            on_change=_load,
            args=(choice,),
        )
        if problem := st.session_state.get(PROBLEM):
            st.error(problem)
        for loaded in session().loaded:
            st.button(
                f"Remove {loaded.name}",
                icon=":material/delete:",
                key=f"remove_{loaded.key}",
                on_click=_remove,
                args=(loaded,),
            )


def _load(choice: str) -> None:
    """Add the network in the file, and choose it; or note why that can't be done."""
    file, mine = st.session_state[FILE], session()
    st.session_state[PROBLEM] = ""
    if file is None:  # taken out of the widget again
        return
    name = plain_name(PurePath(file.name).stem, LONGEST_NAME) or "network"
    try:
        network = load_checkpoint(file.getvalue()).network()
    except CheckpointError as error:
        st.session_state[PROBLEM] = f"**{name}** can't be used, as {spelled(str(error))}."
        return
    new = NamedNetwork(f"{LOADED}{fingerprint(network)}", name, network)
    others = [loaded for loaded in mine.loaded if loaded.key != new.key]
    if len(others) == MOST:
        st.session_state[PROBLEM] = f"There is room for {MOST} networks: remove one first."
        return
    mine.loaded = [*others, new]
    st.session_state[choice] = new.key


def _remove(loaded: NamedNetwork) -> None:
    session().loaded.remove(loaded)
