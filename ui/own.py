"""The visitor's own digits, and the copy of the MLP that they have taught.
The digits are kept with the visitor, so they outlast a reload; the copy is made anew from them.
"""

import hashlib
from typing import cast

import streamlit as st

from mnist_core.data.kept_digits import KeptDigits
from mnist_core.data.mnist import Split
from mnist_core.nn.network import Sequential
from mnist_core.training.checkpoint import load_model
from mnist_core.training.finetune import FineTuned, FineTuneSettings, fine_tune
from ui import session
from ui.components.visitor import visitor

TUNED_COPIES = 8  # of all visitors that are kept at a time, two for each


def own_collection() -> Split:
    """The digits that this visitor has kept."""
    kept, who = _kept(), visitor()
    version = (who, kept.version(who))  # they may have changed in another tab
    if st.session_state.get("own-version") != version:
        st.session_state["own-digits"] = kept.load(who)
        st.session_state["own-version"] = version
    return cast(Split, st.session_state["own-digits"])


def keep_collection(collection: Split) -> None:
    """Keep these digits in place of those before; OSError, with a sentence, if that fails."""
    _kept().save(visitor(), collection)


def mark_taught(taught: bool) -> None:
    """Have the digits teach a copy of the MLP from now on, or no longer; OSError if that fails."""
    _kept().mark_taught(visitor(), taught)


def is_taught() -> bool:
    """Whether this visitor's digits have taught a copy of the MLP."""
    return _kept().is_taught(visitor()) and len(own_collection()) > 0


def taught_network() -> Sequential | None:
    """The copy that the visitor's digits, as they are now, have taught; None if there is none."""
    return fine_tuned(own_collection(), replay=True).network if is_taught() else None


def fine_tuned(kept: Split, *, replay: bool) -> FineTuned:
    """A copy of the MLP taught by these digits, with MNIST's in between or without.

    The same digits give the same copy, whoever asks; it is to be looked at, never to be changed.
    """
    digest = hashlib.blake2b(kept.labels.tobytes(), digest_size=12)
    digest.update(kept.images.tobytes())
    return _fine_tuned(digest.hexdigest(), kept, replay)


@st.cache_resource(max_entries=TUNED_COPIES, show_spinner="Teaching a copy of the MLP your digits")
def _fine_tuned(of: str, _kept: Split, replay: bool) -> FineTuned:
    """The copy taught by the digits with that fingerprint."""
    settings, data = FineTuneSettings(replay=replay), session.mnist()
    *_, last = fine_tune(load_model("mlp"), _kept, data.train, data.test, settings)
    return last


def _kept() -> KeptDigits:
    return KeptDigits(session.pool().store.folder / "own-digits")
