"""A page with a matrix and a vector; `?rows=10&columns=640&blocks=10` for other shapes."""

from dataclasses import replace

import numpy as np
import streamlit as st

from ui.components.files import component_code
from ui.components.matrix import BARS, MatrixLook, bars, matrix

st.set_page_config(layout="wide")
component_code()
query = st.query_params
rows, columns = int(query.get("rows", "64")), int(query.get("columns", "28"))
values = np.random.default_rng(0).normal(0, 0.1, (rows, columns)).astype(np.float32)
block = int(query.get("blocks", "0"))
if block:
    places = np.indices((rows, columns))
    values[places[0] % block != places[1] % block] = 0
values[0, 0] = np.nan
values[0, -1] = 0
if rows > 3:
    values[3] = 1e-6
seed = int(st.number_input("Digit", 0, 9))
values[1:2] += seed

if st.button("Choose the last"):
    st.session_state.cell = (rows - 1, columns - 1)
if st.toggle("Something else"):
    st.stop()
cell = matrix(
    values,
    key="matrix",
    chosen=st.session_state.get("cell"),
    look=MatrixLook(
        rows="hidden unit",
        columns="pixel",
        quantity="weight",
        blocks=(block, block) if block else None,
        first_column=int(query.get("first", "0")),
    ),
    description="Weights of the hidden layer",
)
if cell:
    st.session_state.cell = cell
st.write(f"chosen {cell}")

digits = np.array([0.5, -1, 0, 1e-9, np.nan, 0.25, -0.25, 0.75, np.inf, 1])
answer = bars(
    digits,
    key="bars",
    labels=[f"d{digit}" for digit in range(10)],
    look=replace(BARS, rows="digit", quantity="gradient"),
    description="Gradient of the logits",
)
st.write(f"bar {answer}")
many = np.sin(np.arange(64) / 4)[:, None]
st.write(f"many {bars(many, key='many', description='Weighted sums')}")
