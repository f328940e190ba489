"""What Streamlit is spared with each rerun changes nothing of what a browser is told."""

import asyncio
import json
from collections.abc import Callable
from inspect import unwrap
from typing import Any

import pytest
from streamlit.components.v2.bidi_component import serialization
from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import RerunData, ScriptRunnerEvent

from tests.aside import aside
from ui.reruns import (
    USED,
    gather_events,
    hand_over_plain_data,
    read_the_theme_once,
    send_whole_what_may_be_gone,
)

STARTED, SHOWN = ScriptRunnerEvent.SCRIPT_STARTED, ScriptRunnerEvent.ENQUEUE_FORWARD_MSG
ENDED, GONE = ScriptRunnerEvent.FRAGMENT_STOPPED_WITH_SUCCESS, ScriptRunnerEvent.SHUTDOWN


class Session(AppSession):
    """A session whose scripts are the tests, and which notes what it handles."""

    def __init__(self) -> None:
        self._event_loop = asyncio.get_running_loop()
        self._scriptrunner = None
        self._message_enqueued_callback = self._wake
        self.handled: list[ScriptRunnerEvent] = []
        self.begun_after: list[int] = []  # how many events were handled before each script
        self.wakes = 0
        self.something = asyncio.Event()

    def __del__(self) -> None:
        """Nothing to shut down."""

    def _wake(self) -> None:
        self.wakes += 1

    def _handle_scriptrunner_event_on_event_loop(
        self, sender: Any, event: ScriptRunnerEvent, *details: Any, **named: Any
    ) -> None:
        self.handled.append(event)
        if self._message_enqueued_callback:
            self._message_enqueued_callback()
        if event is GONE:
            self._scriptrunner = None
        self.something.set()

    def says(self, *events: ScriptRunnerEvent) -> None:
        for event in events:
            self._on_scriptrunner_event(self._scriptrunner, event)


def _create(self: Session, rerun_data: object) -> None:
    self.begun_after.append(len(self.handled))
    self._scriptrunner = object()  # type: ignore[assignment]


@pytest.fixture
def in_loop(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Runs a test with a session of this version of Streamlit whose events are gathered."""
    monkeypatch.setattr(AppSession, "_create_scriptrunner", _create)
    monkeypatch.setattr(
        AppSession, "request_rerun", lambda self, _: self._create_scriptrunner(None)
    )
    for name in USED:  # so that each is as before after the test
        monkeypatch.setattr(AppSession, name, getattr(AppSession, name))
    assert gather_events()

    def run(test: Any) -> None:
        async def main() -> None:
            await test(Session())

        aside(lambda: asyncio.run(main()))

    return run


def test_what_a_script_says_arrives_in_its_order_and_wakes_the_loop_once(in_loop) -> None:
    async def test(session: Session) -> None:
        session._create_scriptrunner(RerunData())
        said = (STARTED, SHOWN, SHOWN, ENDED, GONE)
        await asyncio.to_thread(session.says, *said)
        await asyncio.sleep(0)
        assert tuple(session.handled) == said
        assert session.wakes == 1

    in_loop(test)


def test_what_a_script_has_shown_arrives_while_it_runs(in_loop) -> None:
    async def test(session: Session) -> None:
        session._create_scriptrunner(RerunData())
        for so_far in ([STARTED, SHOWN], [STARTED, SHOWN, SHOWN]):
            session.something.clear()
            await asyncio.to_thread(session.says, *so_far[len(session.handled) :])
            await asyncio.wait_for(session.something.wait(), 30)
            assert session.handled == so_far

    in_loop(test)


def test_nothing_is_lost_of_a_script_when_another_takes_its_place(in_loop) -> None:
    async def test(session: Session) -> None:
        session._create_scriptrunner(RerunData())
        await asyncio.to_thread(session.says, STARTED, SHOWN, ENDED)
        session.request_rerun(None)
        assert session.begun_after == [0, 3]

    in_loop(test)


def test_an_error_on_the_loop_itself_is_said_after_what_came_before(in_loop) -> None:
    async def test(session: Session) -> None:
        session._create_scriptrunner(RerunData())
        await asyncio.to_thread(session.says, STARTED, SHOWN)
        session.says(ENDED)
        await asyncio.sleep(0)
        assert session.handled == [STARTED, SHOWN, ENDED]

    in_loop(test)


def test_a_session_has_one_script_at_a_time() -> None:
    """Two of them take values out of the session that the other has just put there."""

    class Script:
        asked = 0

        def request_rerun(self, data: RerunData) -> bool:
            self.asked += 1
            return True

    async def test() -> None:
        session: Any = Session()
        session._state, session._scriptrunner = AppSessionState.APP_IS_RUNNING, (script := Script())
        unwrap(AppSession.request_rerun)(session, ClientState())  # Streamlit's own
        assert session._scriptrunner is script and script.asked == 1

    aside(lambda: asyncio.run(test()))


def test_what_a_browser_has_is_sent_again_if_it_may_be_gone_when_the_script_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trusted: list[list[str]] = []

    def rerun(self: AppSession, client_state: ClientState) -> None:
        trusted.append([*client_state.cached_message_hashes])

    monkeypatch.setattr(AppSession, "request_rerun", rerun)
    assert send_whole_what_may_be_gone()

    async def test() -> None:
        session: Any = Session()
        for session._scriptrunner in (None, object()):
            session.request_rerun(ClientState(cached_message_hashes=["a", "b"]))

    aside(lambda: asyncio.run(test()))
    assert trusted == [["a", "b"], []]


def test_another_version_of_streamlit_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(AppSession, "_create_scriptrunner")
    before = AppSession.request_rerun
    assert not gather_events()
    assert AppSession.request_rerun is before
    monkeypatch.delattr(app_session, "_populate_theme_msg")
    assert not read_the_theme_once()


def test_the_theme_is_told_as_before_but_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    original, read = app_session._populate_theme_msg, []

    def reads(msg: CustomThemeConfig, section: str = "theme") -> None:
        read.append(section)
        original(msg, section)

    monkeypatch.setattr(app_session, "_populate_theme_msg", reads)
    assert read_the_theme_once()
    for _ in range(2):
        told, usual = CustomThemeConfig(), CustomThemeConfig()
        for populate, msg in ((app_session._populate_theme_msg, told), (original, usual)):
            populate(msg)
            populate(msg.light, "theme.light")
            populate(msg.light.sidebar, "theme.light.sidebar")
        assert told == usual
        assert told.light.primary_color and not told.light.HasField("sidebar")
    assert read == ["theme", "theme.light", "theme.light.sidebar"]


def test_what_a_component_is_given_arrives_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serialization, "_extract_dataframes_from_dict", NotImplemented)  # put back
    assert not hand_over_plain_data()
    monkeypatch.undo()
    name = "_extract_dataframes_from_dict"
    monkeypatch.setattr(serialization, name, getattr(serialization, name))
    assert hand_over_plain_data()
    told, data = BidiComponent(), {"bars": [0.5, 1], "none": None, "more": {"a": "b"}}
    serialization.serialize_mixed_data(data, told)
    assert told.WhichOneof("data") == "json" and json.loads(told.json) == data
