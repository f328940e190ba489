"""What a server does once, before its first page."""

import gc
import importlib

import streamlit as st

from ui import session
from ui.door import stand_at_the_door

IMPORTED_LATE = ("pandas", "pyarrow", "plotly.tools")  # by Streamlit, with the first chart


@st.cache_resource(show_spinner=False)
def prepare_server() -> None:
    """Once per server: open the store of runs, which says what is set wrongly, and warm up.

    Python's garbage collector walks through everything now and then; the libraries' objects never
    go, and make up nearly all of what it finds. So all that pages will need is imported here, and
    then taken out of its sight. (Streamlit's own collection after every run of a script is off in
    .streamlit/config.toml: it cost 50 ms of each answer to a stroke.)
    """
    session.pool()
    stand_at_the_door()
    for module in IMPORTED_LATE:  # not in a thread: a page must not meet half of a library
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
