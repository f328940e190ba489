"""Has Streamlit do less with each rerun: a movement of the pen is one, ten times a second.

A script's thread hands each of its messages to the server's event loop, and wakes it for each: the
two then hand Python's lock to and fro, ten times an answer. Here they go over together, when the
script has ended or after an instant. The theme, which does not change, is read from the settings
once and not with each rerun, and data frames are not looked for. All of it stands in front of
functions that versions 1.66 and 1.67 have; where another version has them no longer, everything is
as Streamlit does it.
"""

import asyncio
from collections import deque
from functools import wraps
from typing import Any

from streamlit import config
from streamlit.components.v2.bidi_component import serialization
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunnerEvent

AN_INSTANT = 0.03  # seconds until the browser has what a script has shown that still runs
GATHERED = "digit_lab_gathered"  # where a session has the events that wait
USED = (
    "_on_scriptrunner_event",
    "_handle_scriptrunner_event_on_event_loop",
    "_create_scriptrunner",
    "request_rerun",
)


def gather_events() -> bool:
    """Have the event loop woken once for what a script has to tell; to be called once in a server.

    False where this version of Streamlit is made otherwise.
    """
    if not all(callable(getattr(AppSession, name, None)) for name in USED):
        return False
    tell, create = AppSession._on_scriptrunner_event, AppSession._create_scriptrunner
    rerun = AppSession.request_rerun

    @wraps(tell)
    def on_event(self: AppSession, sender: Any, event: ScriptRunnerEvent, **details: Any) -> None:
        waiting = _gathered(self)
        if waiting is None or _on_its_loop(self):  # where something went wrong
            hand_over(self)
            tell(self, sender, event, **details)
            return
        # A script that begins anew without an end, as others were asked for in the meantime.
        ends = event is ScriptRunnerEvent.SHUTDOWN
        ends = ends or (event is ScriptRunnerEvent.SCRIPT_STARTED and bool(waiting))
        waiting.append((sender, event, details))
        if ends:
            self._event_loop.call_soon_threadsafe(hand_over, self)

    @wraps(create)
    def create_scriptrunner(self: AppSession, *args: Any, **kwargs: Any) -> None:
        if _gathered(self) is None:
            setattr(self, GATHERED, deque())
        create(self, *args, **kwargs)
        if _on_its_loop(self):
            self._event_loop.call_later(AN_INSTANT, _look_again, self, self._scriptrunner)

    @wraps(rerun)
    def request_rerun(self: AppSession, client_state: ClientState | None) -> None:
        # Before a new script takes the place of one that has ended: what comes after is thrown
        # away.
        if _on_its_loop(self):
            hand_over(self)
        rerun(self, client_state)

    # Its own place is narrower than what stands there now, which takes whatever it is given.
    setattr(AppSession, "_on_scriptrunner_event", on_event)  # noqa: B010
    AppSession._create_scriptrunner = create_scriptrunner
    AppSession.request_rerun = request_rerun
    return True


def hand_over(session: AppSession) -> None:
    """Have a session handle the events that wait, in their order; on its event loop."""
    waiting = _gathered(session)
    if not waiting:
        return
    wake, session._message_enqueued_callback = session._message_enqueued_callback, None
    try:
        while waiting:
            sender, event, details = waiting.popleft()
            session._handle_scriptrunner_event_on_event_loop(sender, event, **details)
    finally:
        session._message_enqueued_callback = wake
        if wake is not None:
            wake()


def _look_again(session: AppSession, script: object) -> None:
    """Hand over what a script has shown by now, and again in an instant if it still runs."""
    hand_over(session)
    if session._scriptrunner is script is not None:
        session._event_loop.call_later(AN_INSTANT, _look_again, session, script)


def _gathered(session: AppSession) -> "deque[tuple[Any, ScriptRunnerEvent, dict]] | None":
    """The events that wait; None if the session's script began before they were gathered."""
    return getattr(session, GATHERED, None)


def _on_its_loop(session: AppSession) -> bool:
    """Whether the caller is the session's event loop."""
    try:
        return asyncio.get_running_loop() is session._event_loop
    except RuntimeError:
        return False


def send_whole_what_may_be_gone() -> bool:
    """Trust in what a browser says that it has only for a script that begins at once.

    A large piece of a page that the browser has already is not sent again. But a rerun that is
    asked for while a script runs begins later, and by then the browser may have let go of it: it
    shows an error then. To be called once in a server, before `gather_events`.

    False where this version of Streamlit is made otherwise.
    """
    if "cached_message_hashes" not in ClientState.DESCRIPTOR.fields_by_name:
        return False
    rerun = AppSession.request_rerun

    @wraps(rerun)
    def request_rerun(self: AppSession, client_state: ClientState | None) -> None:
        if client_state is not None and self._scriptrunner is not None:
            del client_state.cached_message_hashes[:]
        rerun(self, client_state)

    AppSession.request_rerun = request_rerun
    return True


def read_the_theme_once() -> bool:
    """Keep the theme as it is told to browsers; to be called once in a server.

    False where this version of Streamlit is made otherwise.
    """
    original = getattr(app_session, "_populate_theme_msg", None)
    if not callable(original):
        return False
    known: dict[str, CustomThemeConfig] = {}

    @wraps(original)
    def populate(msg: CustomThemeConfig, section: str = "theme") -> None:
        if section not in known:
            made = CustomThemeConfig()
            original(made, section)
            known[section] = made
        if known[section].ByteSize():  # else it would be there, though nothing is set
            msg.MergeFrom(known[section])

    app_session._populate_theme_msg = populate
    config.on_config_parsed(known.clear)  # for a developer, who may change it
    return True


def hand_over_plain_data() -> bool:
    """Have the dictionary that a component is given go to its browser as JSON; to be called once.

    Streamlit looks for data frames in it, which no component of ours is given: that takes a look at
    each value of each list, and pandas, which only two large tables need.

    False where this version of Streamlit is made otherwise.
    """
    if not callable(getattr(serialization, "_extract_dataframes_from_dict", None)):
        return False
    serialization._extract_dataframes_from_dict = lambda data, arrow_blobs=None: data
    return True
