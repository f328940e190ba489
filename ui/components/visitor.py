"""Tells one browser from another, so that a run obeys only who began it, also after a reload.

The browser keeps a random word in a cookie. Streamlit hands cookies over with the first request of
a page, and can't set one, so a first visitor's browser is given the word by a line of JavaScript.
"""

import hashlib
import re
import secrets

import streamlit as st
from streamlit.components.v2 import component

from ui.components.said import said

COOKIE = "digit_lab_visitor"
WORD = re.compile(r"[A-Za-z0-9_-]{20,64}", re.ASCII)
STATE = "visitor_word"


def visitor() -> str:
    """Who looks at the page: the same name in all tabs of a browser, and not guessed by others.

    It is made of the cookie's word, which is never stored on the server.
    """
    known = st.session_state.get(STATE)
    word = known or st.context.cookies.get(COOKIE)
    if not isinstance(word, str) or not WORD.fullmatch(word):
        word = secrets.token_urlsafe(18)
    if word != known:
        st.session_state[STATE] = word
    return hashlib.sha256(word.encode()).hexdigest()[:32]


def remember_visitor() -> None:
    """Have the browser keep its word; to be called once on every page."""
    visitor()

    def adopt() -> None:
        known = said(KEY, "word")
        if isinstance(known, str) and WORD.fullmatch(known):
            st.session_state[STATE] = known

    _mount(key=KEY, data={"cookie": COOKIE, "word": st.session_state[STATE]}, on_word_change=adopt)


KEY = "visitor"
_mount = component(
    "digit_lab_visitor",
    html="<span hidden></span>",
    # Another tab may have been quicker: the word that the browser has already is the visitor's.
    js="""
const YEAR = 365 * 24 * 3600; // seconds

export default function ({ data, setStateValue }) {
  const start = data.cookie + "=";
  const kept = document.cookie.split("; ").find((part) => part.startsWith(start));
  const word = kept ? kept.slice(start.length) : data.word;
  const secure = window.location.protocol === "https:" ? "; secure" : "";
  // In a frame of another site's page a browser keeps no other cookie than one for that page alone.
  const framed = window.self !== window.top && window.isSecureContext;
  const scope = framed ? "samesite=none; secure; partitioned" : `samesite=lax${secure}`;
  document.cookie = `${start}${word}; path=/; max-age=${YEAR}; ${scope}`;
  if (word !== data.word) setStateValue("word", word);
}
""",
)
