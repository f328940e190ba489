"""Takes out of a message what no widget of ours says, so that the widget stays as it was.

Streamlit's own pages would show a traceback for a slider at NaN, for JSON that is none or is nested
100,000 deep, and for a value of another type than the widget has.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from math import isfinite
from typing import Any

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.state.session_state import Serialized, WStates

MOST_WIDGETS = 1_000  # in a message; the largest page has about a hundred
LONGEST_LINK = 8_000  # characters of what stands behind the "?" of an address
LONGEST_TEXT = 10_000  # characters of what is typed or chosen; a search's values may have 300
MOST_VALUES = 1_000  # of one widget
MOST_JSON = 8_000_000  # characters of what a component says: a pasted picture of 5 MB
MOST_BRACKETS, MOST_COMMAS = 100, 1_000  # in it, as many as there are values: ours have few
HALF_A_LETTER = re.compile(r"\\u[dD][89a-fA-F]")  # no text can have it, and browsers never send it


def believe_only_what_can_be_read() -> None:
    """Stand in front of Streamlit's taking of a message, and of its reading of a value."""
    request_rerun, getitem = AppSession.request_rerun, WStates.__getitem__

    @wraps(request_rerun)
    def looked_at(self: AppSession, client_state: ClientState | None) -> None:
        if client_state is not None:
            take_strange_out(client_state)
        request_rerun(self, client_state)

    AppSession.request_rerun = looked_at
    setattr(WStates, "__getitem__", _reading(getitem))  # noqa: B010, as its type is narrower


def take_strange_out(message: ClientState) -> None:
    """Leave of a message what a page of ours could have sent, as far as the message itself says."""
    if len(message.query_string) > LONGEST_LINK:
        message.query_string = ""
    states = message.widget_states.widgets
    kept = [state for state in states[:MOST_WIDGETS] if is_plain(state)]
    if len(kept) < len(states):
        del states[:]
        states.extend(kept)


def is_plain(state: WidgetState) -> bool:
    """Whether a widget's value is short, finite and, of a component, JSON that is quickly read."""
    kind = state.WhichOneof("value")
    if kind is None:
        return True
    value = getattr(state, kind)
    if kind in ("json_value", "json_trigger_value"):
        return is_plain_json(value)
    if kind == "string_value":
        return len(value) <= LONGEST_TEXT
    if kind == "double_value":
        return isfinite(value)
    values = getattr(value, "data", ())
    if isinstance(values, str):
        return len(values) <= LONGEST_TEXT
    if len(values) > MOST_VALUES:
        return False
    if kind == "string_array_value":
        return sum(map(len, values)) <= LONGEST_TEXT
    return kind != "double_array_value" or all(map(isfinite, values))


def is_plain_json(text: str) -> bool:
    """Whether a text is JSON of few, finite values. How deep and long it is, is counted first."""
    brackets = text.count("[") + text.count("{")
    if len(text) > MOST_JSON or brackets > MOST_BRACKETS or text.count(",") > MOST_COMMAS:
        return False
    if HALF_A_LETTER.search(text):
        return False
    try:
        json.loads(text, parse_float=_finite, parse_constant=_finite)
    except ValueError:
        return False
    return True


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):  # NaN, Infinity, 1e400
        raise ValueError(text)
    return number


def take_any_text(key: str) -> None:
    """Let the widget with that key have values that are none of its options."""
    _free.add(key)


_free: set[str] = set()  # keys of widgets


def _is_possible(state: WidgetState, deserializer: Callable[..., Any]) -> bool:
    """Whether a choice is one of the options: Streamlit hands any text on to the page."""
    serde = getattr(deserializer, "__self__", None)
    options = getattr(serde, "formatted_option_to_option_index", None)
    if options is None or state.id.split("-", 2)[-1] in _free:
        return True
    if state.WhichOneof("value") == "string_value":
        return state.string_value in options
    return all(text in options for text in state.string_array_value.data)


def _reading(getitem: Callable[[WStates, str], Any]) -> Callable[[WStates, str], Any]:
    """Streamlit's reading of a widget's value. What can't be read is as if it had not been sent:
    then the value from before counts."""

    @wraps(getitem)
    def read(self: WStates, id: str) -> Any:
        state, metadata = self.states.get(id), self.widget_metadata.get(id)
        if not isinstance(state, Serialized) or metadata is None:
            return getitem(self, id)
        kind, expected = state.value.WhichOneof("value"), metadata.value_type
        if None not in (kind, expected) and kind != expected:
            raise KeyError(id)
        if not _is_possible(state.value, metadata.deserializer):
            raise KeyError(id)
        try:
            value = getitem(self, id)
        except Exception as error:  # Streamlit's widgets raise what Python does for strange values
            raise KeyError(id) from error
        if kind is None:  # Streamlit has noted that the widget has no type
            self.set_widget_metadata(replace(metadata, value_type=expected))
        return value

    return read
