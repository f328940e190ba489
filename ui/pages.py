"""The pages by their paths, so that one leads on to another without importing it."""

from collections.abc import Sequence
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

_KEY = "pages"  # in the session


def remember_pages(pages: Sequence[StreamlitPage]) -> None:
    """To be called by the app, before any page runs."""
    st.session_state[_KEY] = {page.url_path: page for page in pages}


def go_to(path: str) -> NoReturn:
    """Leave this page for the one of that path."""
    st.switch_page(st.session_state[_KEY][path])
