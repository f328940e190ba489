"""What a page's address says: a visitor's choices by name, for links that restore what is shown."""

from collections.abc import Container, Sequence
from typing import TypeVar, cast

import streamlit as st

T = TypeVar("T", bound=int | str)


class Choices:
    """The choices of one page. Each stands in the session under the key that its widget has.

    Args:
        prefix: what the keys begin with.
        names: what the address may say; whatever else stands there is left alone.
    """

    def __init__(self, prefix: str, names: Sequence[str]) -> None:
        self.prefix = prefix
        self.names = tuple(names)

    def key(self, name: str) -> str:
        """The key of a choice's widget."""
        return self.prefix + name

    def said(self, name: str, default: T, possible: Container[object]) -> T:
        """A choice of this visitor: the session's, else the link's, else the default.

        What a link says and cannot be is passed over. Addresses leave the default out.
        """
        key = self.key(name)
        st.session_state.setdefault(self._defaults, {})[name] = default
        if key not in st.session_state:
            try:
                linked = type(default)(st.query_params.get(name, default))
            except ValueError:
                linked = default
            st.session_state[key] = linked
        if st.session_state[key] not in possible:
            st.session_state[key] = default
        return cast(T, st.session_state[key])

    def choose(self, name: str, value: int | str) -> None:
        """Make a choice that has no widget of its own, or before its widget is drawn."""
        st.session_state[self.key(name)] = value

    def write_address(self) -> None:
        """Let the address say the choices that are no defaults, beside a run that stands there."""
        defaults = st.session_state.get(self._defaults, {})
        for name in self.names:
            value = st.session_state.get(self.key(name))
            if value is None or value == "" or value == defaults.get(name):
                st.query_params.pop(name, None)
            elif st.query_params.get(name) != str(value):
                st.query_params[name] = str(value)

    @property
    def _defaults(self) -> str:
        return self.prefix + "defaults"
