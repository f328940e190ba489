"""A run as files: all of it as a ZIP, its receipt, and its network for other programs."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import streamlit as st

from mnist_core.experiments.export import FORMATS
from mnist_core.runs.listing import RunSummary
from ui.choices import EXPERIMENTS
from ui.experiments.runs import kept
from ui.experiments.runs.names import file_name
from ui.words import spelled

NOTHING_YET = "There is nothing to take along yet: the run has no checkpoint."
FORMS = {
    "npz": ("NPZ", "for this program and for NumPy"),
    "script": ("Python script", "predicts with NumPy alone"),
    "safetensors": ("safetensors", "for PyTorch, JAX and others"),
    "onnx": ("ONNX", "for other runtimes"),
}
ONNX_IS_MISSING = (
    "ONNX needs a package that this server does not have: `pip install -r requirements-export.txt`."
)


def as_zip(run: RunSummary) -> None:
    """All of the run in one file, which is made when the button is pressed."""
    if not kept.has_checkpoint(run.id):
        st.caption(NOTHING_YET)
    elif why := kept.why_no_archive(run):
        st.caption(f"There is no ZIP of this run: {spelled(why)}.")
    else:
        _download("Download as ZIP", partial(kept.archive, run.id), run, ".zip")


def receipt_and_export(run: RunSummary) -> None:
    """Two closed parts: how to have the run again, and its network for other programs."""
    if not kept.has_checkpoint(run.id):
        return
    receipt = st.expander(
        "Receipt: how to have the same curve again",
        key=EXPERIMENTS.key("runs_receipt"),
        on_change="rerun",
    )
    if receipt.open:
        with receipt:
            _receipt(run)
    network = st.expander(
        "Export the network", key=EXPERIMENTS.key("runs_export"), on_change="rerun"
    )
    if network.open:
        with network:
            _network(run)


def _download(label: str, make: Callable[[], bytes], run: RunSummary, ending: str) -> None:
    st.download_button(
        label,
        make,
        file_name(run.name, run.id, ending),
        "application/octet-stream",
        icon=":material/download:",
        key=EXPERIMENTS.key(f"runs_download_{label}"),
        on_click="ignore",
    )


def _receipt(run: RunSummary) -> None:
    try:
        receipt = kept.receipt(run.id)
    except kept.REASONS as error:
        st.error(f"There is no receipt, since {spelled(kept.why(error))}.")
        return
    if not receipt.limits:
        st.caption("Each leads to the same numbers, to the bit, on a machine like this one.")
    for limit in receipt.limits:
        st.caption(spelled(limit))
    st.write("On the command line:")
    st.code("\n".join(receipt.commands), language="bash", wrap_lines=True)
    st.write("In Python:")
    st.code(receipt.script, language="python", wrap_lines=True)
    _download("Download the script", receipt.script.encode, run, ".py")


def _network(run: RunSummary) -> None:
    st.caption("The network of the run's last checkpoint, with the weights that it predicts with.")
    for form, (label, what_for) in FORMS.items():
        if form == "onnx" and find_spec("onnx") is None:
            st.caption(ONNX_IS_MISSING)
            continue
        with st.container(horizontal=True, vertical_alignment="center"):
            make = partial(kept.network_file, run.id, form)
            _download(label, make, run, FORMATS[form].ending)
            st.caption(what_for)
