"""Takes out of a message what no widget of ours says, so that the widget stays as it was.

Streamlit's own pages would show a traceback for a slider at NaN, for JSON that is none or is nested
100,000 deep, and for a value of another type than the widget has.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import wraps
from math import isfinite
from typing import Any

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import WStates

MOST_WIDGETS = 1_000  # in a message; the largest page has about a hundred
LONGEST_LINK = 8_000  # characters of what stands behind the "?" of an address
LONGEST_TEXT = 10_000  # characters of what is typed or chosen; a search's values may have 300
MOST_VALUES = 1_000  # of one widget
MOST_JSON = 2_900_000  # characters of what a component says: a pasted picture of 2 MB
MOST_BRACKETS, MOST_COMMAS = 100, 1_000  # in it, as many as there are values: ours have few
NEVER_FAILS = {"trigger_value", "bool_value", "json_value"}  # most of a page's widgets
FILES = "file_uploader_state_value"  # outside of a script they are not found, and the log says so
NUMBERS = {"int_value", "double_value"}  # a box for whole numbers says it takes others, too
HALF_A_LETTER = re.compile(r"\\u[dD][89a-fA-F]")  # no text can have it, and browsers never send it


def believe_only_what_can_be_read() -> None:
    """Stand in front of Streamlit's taking of a message."""
    request_rerun = AppSession.request_rerun

    @wraps(request_rerun)
    def looked_at(self: AppSession, client_state: ClientState | None) -> None:
        if client_state is not None:
            take_strange_out(client_state, self._session_state._new_widget_state.widget_metadata)
        request_rerun(self, client_state)

    AppSession.request_rerun = looked_at


def take_strange_out(message: ClientState, widgets: Mapping[str, WidgetMetadata[Any]]) -> None:
    """Leave of a message what a page of ours could have sent; `widgets` are those that it has."""
    if len(message.query_string) > LONGEST_LINK:
        message.query_string = ""
    states = message.widget_states.widgets
    kept = [
        state
        for state in states[:MOST_WIDGETS]
        if is_plain(state) and can_be_read(state, widgets.get(state.id))
    ]
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


def can_be_read(state: WidgetState, widget: WidgetMetadata[Any] | None) -> bool:
    """Whether a widget can have this value: of its type, one of its options, and readable."""
    kind = state.WhichOneof("value")
    if kind is None or widget is None:
        return True
    expected = widget.value_type
    if not (expected is None or kind == expected or {kind, expected} <= NUMBERS):
        return False
    if kind in NEVER_FAILS or kind == FILES:
        return True
    if not _is_possible(state, widget.deserializer):
        return False
    reader = WStates()
    reader.set_widget_from_proto(state)
    reader.set_widget_metadata(widget)
    try:
        reader[state.id]
    except Exception:  # Streamlit's widgets raise what Python does for strange values
        return False
    return True


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
