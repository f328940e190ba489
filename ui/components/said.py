"""What a browser has said in a component's name: anybody can send anything, so it is looked at."""

from math import inf
from typing import Any

import streamlit as st

Mark = float | None


def said(key: str, name: str) -> Any:
    """The value of that name which the component with that key has sent last; None without one.

    It may be of any type. It is asked for before the component is shown, too.
    """
    sent = st.session_state.get(key)
    return sent.get(name) if isinstance(sent, dict) else None


def marked(key: str, part: str) -> tuple[Any, Mark]:
    """What the reader has chosen, {part: what, "at": mark}, and the mark: another with each choice.

    None and None where nothing of that kind was sent. What was chosen may be of any type.
    """
    match said(key, "chosen"):
        case {"at": int() | float() as at, **rest} if abs(at) < inf:
            return rest.get(part), at
    return None, None
