"""A page with the confusion matrix of the shipped MLP, and what is chosen in it."""

import streamlit as st

from mnist_core import load_mnist, load_model
from mnist_core.evaluation.answers import answers_of
from mnist_core.evaluation.scores import confusion_matrix
from ui.components.confusion_table import confusion_table
from ui.components.files import component_code

st.set_page_config(layout="wide")
component_code()


@st.cache_resource
def counts_of_test():
    answers = answers_of(load_model("mlp"), load_mnist().test)
    return confusion_matrix(answers.predictions, answers.labels)


def choose(cell):
    st.session_state.cell = cell


shares = st.toggle("Shares")
cell = confusion_table(
    counts_of_test(),
    chosen=st.session_state.get("cell"),
    key="table",
    shares=shares,
    description="Confusion matrix of the MLP",
)
choose(cell)
st.button("Choose 4 and 9", on_click=choose, args=((4, 9),))
st.write(f"chosen {cell}")
