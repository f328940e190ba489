"""The visitor's choices by name, and the address that restores what the page shows of them.

The address is read once, with the session's first look: a browser may send one later that it has
not heard to be out of date. From then on it follows the choices, and says those that are shown and
differ from their defaults.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar, cast

import streamlit as st

from ui.links import OTHER_PARAMETERS, value_of, written

PREFIX = "backprop_"  # of the keys of this page's choices in the session
T = TypeVar("T", bound=int | str | float)


@dataclass
class _Address:
    """What the link said and nobody has asked for yet; what is shown now; what was refused.

    `shown` has the key in the session and the default by a choice's name, `refused` what the page
    took instead, and why.
    """

    link: dict[str, str]
    shown: dict[str, tuple[str, object]] = field(default_factory=dict)
    refused: dict[str, tuple[object, str]] = field(default_factory=dict)


def _address() -> _Address:
    key = PREFIX + "address"
    if key not in st.session_state:
        st.session_state[key] = _Address(st.query_params.to_dict())
    return cast(_Address, st.session_state[key])


def said(name: str, default: T, possible: Iterable[T], *, of: str = "", always: bool = False) -> T:
    """A choice of this visitor: the session's, else the link's, else the default.

    It stands in the session then, under the key that the choice's widget has.

    Args:
        possible: all values that can be chosen. Another one in the link is refused with a sentence.
        of: what the choice belongs to: for each the session has one of its own.
        always: whether the address says the default too, since it may be another one elsewhere.
    """
    address, key = _address(), PREFIX + of + name
    values = possible if isinstance(possible, range) else list(possible)
    text = address.link.pop(name, None)
    if key not in st.session_state:
        st.session_state[key] = default
        if text is not None:
            try:
                st.session_state[key] = value_of(name, text, values)
            except ValueError as error:
                refuse(name, default, str(error))
    if st.session_state[key] not in values:
        st.session_state[key] = default
    address.shown[name] = key, None if always else default
    return cast(T, st.session_state[key])


def choose(name: str, value: int | str | float, *, of: str = "") -> None:
    """Make a choice that has no widget of its own."""
    st.session_state[PREFIX + of + name] = value


def say(name: str, value: int | str) -> None:
    """Let the address say what is no choice, but needed to show the same."""
    choose(name, value)
    _address().shown[name] = PREFIX + name, None


def linked(name: str) -> str | None:
    """What the link says under that name, as it stands there: once."""
    return _address().link.pop(name, None)


def refuse(name: str, instead: object, why: str) -> None:
    """Have the page say why it does not use the link, as long as the choice is what it is now."""
    _address().refused[name] = instead, why


def refusals() -> list[str]:
    """Why the link's values are not used, for what is shown and was not chosen anew."""
    address = _address()
    return [
        why
        for name, (instead, why) in address.refused.items()
        # A row of buttons may say None for none of them.
        if name in address.shown and st.session_state.get(address.shown[name][0]) in (instead, None)
    ]


def part(body: Callable[[], object]) -> None:
    """Show a part of the page that is drawn anew by itself; the address says its choices too."""
    around = dict(_address().shown)

    def drawn() -> None:
        _address().shown = dict(around)
        body()
        _write_address()

    st.fragment(drawn)()


def begin() -> None:
    """With each run of the whole page: nothing is shown yet."""
    _address().shown = {}


def _write_address() -> None:
    """Let the address say the choices that are shown, beside the run that may stand there."""
    now, state = st.query_params.to_dict(), st.session_state
    wanted = {name: now[name] for name in OTHER_PARAMETERS if name in now}
    for name, (key, default) in _address().shown.items():
        value = state.get(key)
        if value is not None and value != default:
            wanted[name] = written(value)
    if now != wanted:
        st.query_params.from_dict(wanted)
