"""Parts of a page that are drawn anew by themselves."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def live(
    body: Callable[[T], object],
    state: T,
    fetch: Callable[[], T],
    *,
    pace: Callable[[T], float | None],
    frame: Callable[[T], object] | None = None,
) -> None:
    """Show body(state) as a part of the page that is drawn anew by itself.

    It is drawn anew every pace(state) seconds, or for None only when something in it is used, each
    time with a state that is fetched then, once. When the pace has changed, or what the page
    around rests on (`frame`), the whole page is drawn anew.
    """
    first, rests_on = [state], lambda now: (pace(now), frame(now) if frame else None)
    before = rests_on(state)

    @wraps(body)
    def drawn() -> None:
        now = first.pop() if first else fetch()
        body(now)
        if rests_on(now) != before:
            st.rerun()  # after the body: widgets that were not shown would forget their values

    st.fragment(drawn, run_every=pace(state))()
