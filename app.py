"""Digit Lab: watch a neural network learn to read digits. Start it with `streamlit run app.py`."""

import base64
import os
from pathlib import Path

# The page's own products are small: one BLAS thread is faster, and leaves the cores to training.
# NumPy reads this when it is imported, so it comes first.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import streamlit as st

from ui.backprop import page as backprop
from ui.components.connection import say_when_the_server_is_gone
from ui.components.copy_link import copy_link
from ui.components.files import component_code
from ui.components.leaving import nothing_but_the_menu_while_leaving
from ui.components.redrawn import charts_stay_until_redrawn
from ui.components.tour import tour
from ui.components.visitor import remember_visitor
from ui.door.pace import what_was_left_out
from ui.draw import page as draw
from ui.evaluate import page as evaluate
from ui.experiments import page as experiments
from ui.pages import remember_pages
from ui.server import prepare_server
from ui.train import page as train
from ui.weights import page as weights

HERE = Path(__file__).parent
# In the page itself: files that Streamlit serves are gone for a moment when the page changes.
ICON = (
    "data:image/png;base64,"
    + base64.b64encode((HERE / "assets" / "icon.png").read_bytes()).decode()
)

# The icon before the pages are named: else the browser would fetch each page's own from elsewhere.
st.set_page_config(page_icon=ICON, layout="wide")
prepare_server()
with st.container(key="unseen"):
    for subject in ("page", "pieces", "widgets"):  # a later one may say it otherwise
        st.html(HERE / "ui" / "style" / f"{subject}.css")
    component_code()
    remember_visitor()
    say_when_the_server_is_gone()
    charts_stay_until_redrawn()
pages = [
    st.Page(train.page, title="Train", icon=":material/model_training:", default=True),
    st.Page(draw.page, title="Draw", icon=":material/draw:", url_path="draw"),
    st.Page(weights.page, title="Weights", icon=":material/grid_view:", url_path="weights"),
    st.Page(
        backprop.page,
        title="Back-propagation",
        icon=":material/account_tree:",
        url_path="back-propagation",
    ),
    st.Page(evaluate.page, title="Evaluate", icon=":material/fact_check:", url_path="evaluate"),
    st.Page(
        experiments.page, title="Experiments", icon=":material/science:", url_path="experiments"
    ),
]
remember_pages(pages)
current = st.navigation(pages, position="hidden")
st.set_page_config(page_title=f"{current.title} · Digit Lab")
# Links of our own: on a telephone Streamlit's menu would stay open over the page chosen in it.
with st.container(horizontal=True, vertical_alignment="center", key="menu"):
    st.html('<span class="brand">Digit <b>Lab</b></span>')
    for page in pages:
        st.page_link(page)
    copy_link()
    nothing_but_the_menu_while_leaving(current.title, menu="menu")
tour()
if words := what_was_left_out():
    st.toast(words, icon=":material/speed:", duration="long")
current.run()
