"""What a server does once, before its first page."""

import gc
import importlib

import streamlit as st

from mnist_core.runs.index import StoreError
from ui import session
from ui.door import stand_at_the_door
from ui.frugal import allow_many_descriptors, keep_memory_together, let_go_of_those_who_left
from ui.reruns import (
    gather_events,
    hand_over_plain_data,
    read_the_theme_once,
    send_whole_what_may_be_gone,
)
from ui.words import spelled

IMPORTED_LATE = ("plotly.tools",)  # by Streamlit, with the first chart


@st.cache_resource(show_spinner=False)
def prepare_server() -> None:
    """Once per server: open the store of runs, which says what is set wrongly, and warm up.
    A page that can't be shown without it says why, until it can be opened.

    Python's garbage collector walks through everything now and then; the libraries' objects never
    go, and make up nearly all of what it finds. So all that pages will need is imported here, and
    then taken out of its sight. (Streamlit's own collection after every run of a script is off in
    .streamlit/config.toml: it cost 50 ms of each answer to a stroke.)
    """
    try:
        session.pool()
    except StoreError as error:
        st.error(spelled(str(error)))
        st.stop()
    stand_at_the_door()
    send_whole_what_may_be_gone()
    gather_events()
    read_the_theme_once()
    hand_over_plain_data()
    keep_memory_together()
    allow_many_descriptors()
    let_go_of_those_who_left()
    for module in IMPORTED_LATE:  # not in a thread: a page must not meet half of a library
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
