"""What stands between browsers and Streamlit: strange values, floods, uploads that pile up."""

import asyncio
from typing import Any

import pytest
from streamlit import net_util
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest
from streamlit.web.server.starlette.starlette_websocket import _is_origin_allowed

from tests.aside import aside
from tests.load.strange_messages import VALUES, say
from ui.door import pace, stand_at_the_door
from ui.door.pace import Bucket, Pace
from ui.door.uploads import MOST_BYTES, MOST_FILES, MOST_OF_ALL, too_many, too_much
from ui.door.values import LONGEST_LINK, MOST_WIDGETS, is_plain_json, take_strange_out

REFUSED = {
    "NaN", "infinity", "several NaN", "infinities", "many numbers", "a long text", "no JSON",
    "deep JSON", "deep JSON with an end", "900 deep", "JSON's NaN", "1e400", "900,000 points",
    "half a letter", "a deep press",
}  # fmt: skip


@pytest.fixture(autouse=True)
def door() -> None:
    stand_at_the_door()


def message(**values: dict[str, Any]) -> ClientState:
    """A browser's message with these widgets."""
    state = ClientState()
    for id, value in values.items():
        say(state.widget_states, id, value)
    return state


@pytest.mark.parametrize("what", VALUES)
def test_a_value_that_no_page_sends_is_taken_out_and_the_others_stay(what: str) -> None:
    state = message(one=VALUES[what], other={"double_value": 0.5})
    take_strange_out(state, {})
    left = ["other"] if what in REFUSED else ["one", "other"]
    assert [widget.id for widget in state.widget_states.widgets] == left


def test_a_link_and_a_message_have_an_end() -> None:
    state = message(**{f"w{n}": {"bool_value": True} for n in range(MOST_WIDGETS + 1)})
    state.query_string = "x" * (LONGEST_LINK + 1)
    take_strange_out(state, {})
    assert state.query_string == "" and len(state.widget_states.widgets) == MOST_WIDGETS


def test_what_components_say_is_plain() -> None:
    assert is_plain_json('{"chosen": {"ids": ["a"], "at": 1.5}, "view": [null, [1, 2], false]}')
    assert is_plain_json('{"ink": "+E7f_f_g<>*"}')


def known_to(app: AppTest) -> dict[str, WidgetMetadata[Any]]:
    """The widgets of a page that has run."""
    return app.session_state._state._state._new_widget_state.widget_metadata


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ({"string_value": "b"}, True),
        ({"string_value": "c"}, False),  # no option
        ({"double_value": 1.0}, False),  # another type
        ({"string_array_value": ["b"]}, False),
    ],
)
def test_a_choice_that_is_no_option_is_taken_out(said: dict[str, Any], stays: bool) -> None:
    app = AppTest.from_string("import streamlit as st\nst.selectbox('one', ['a', 'b'])").run()
    state = message(**{app.selectbox[0].id: said})
    take_strange_out(state, known_to(app))
    assert len(state.widget_states.widgets) == stays


@pytest.mark.parametrize(
    ("said", "stays"),
    [({"int_value": 7}, True), ({"double_value": 7.0}, True), ({"bool_value": True}, False)],
)
def test_a_box_for_whole_numbers_takes_them_as_browsers_send_them(
    said: dict[str, Any], stays: bool
) -> None:
    """They send whole numbers, though Streamlit notes that the box has others."""
    app = AppTest.from_string("import streamlit as st\nst.number_input('n', 0, 9, 3)").run()
    state = message(**{app.number_input[0].id: said})
    take_strange_out(state, known_to(app))
    assert len(state.widget_states.widgets) == stays


def test_an_uploaded_file_is_let_through_without_a_warning_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = AppTest.from_string("import streamlit as st\nst.file_uploader('a file')").run()
    widgets, state = known_to(app), ClientState()
    (id,) = widgets
    state.widget_states.widgets.add(id=id).file_uploader_state_value.SetInParent()
    caplog.clear()
    take_strange_out(state, widgets)
    assert len(state.widget_states.widgets) == 1 and not caplog.records


def test_a_bucket_fills_again_and_never_over() -> None:
    now = [0.0]
    bucket = Bucket(2.0, 4.0, lambda: now[0])
    assert [bucket.take(1) for _ in range(5)] == [True] * 4 + [False]
    assert bucket.seconds_until(1) == 0.5
    now[0] = 1.0
    assert [bucket.take(1) for _ in range(3)] == [True, True, False]
    now[0] = 100.0
    assert bucket.take(4) and not bucket.take(1)


def test_twenty_messages_a_second_are_never_too_many_and_a_thousand_are() -> None:
    now = [0.0]

    def bucket(rate: float, most: float) -> Bucket:
        return Bucket(rate, most, lambda: now[0])

    hand = Pace(
        bucket(pace.MESSAGES_A_SECOND, pace.MOST_MESSAGES),
        bucket(pace.BYTES_A_SECOND, pace.MOST_BYTES),
    )
    for _ in range(12_000):  # ten minutes
        now[0] += 0.05
        assert hand.takes(50_000)
    assert sum(hand.takes(50_000) for _ in range(1000)) <= pace.MOST_MESSAGES


def test_of_a_flood_the_last_message_is_carried_out_by_the_whole_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    monkeypatch.setattr(
        AppSession, "handle_backmsg", lambda self, msg: done.append(msg.rerun_script.query_string)
    )
    pace.slow_down_floods()

    class Page:
        id = "page"

    async def flood() -> None:
        monkeypatch.setattr(pace, "MESSAGES_A_SECOND", 100.0)
        session: Any = Page()
        for number in range(1000):
            back = BackMsg()
            back.rerun_script.query_string = str(number)
            back.rerun_script.fragment_id = "part"
            AppSession.handle_backmsg(session, back)
        while done[-1] != "999":
            await asyncio.sleep(0)

    aside(lambda: asyncio.run(flood()))
    assert done[:200] == [str(number) for number in range(200)]
    assert len(done) < 1000
    assert "page" in pace._slowed
    pace._slowed.clear()


def test_another_sites_page_is_turned_away_without_a_question_to_a_server_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(net_util, "_make_blocking_http_get", lambda url, timeout: asked.append(url))
    assert not _is_origin_allowed("https://other.example", host="lab.example")
    assert _is_origin_allowed("https://lab.example", host="lab.example")
    assert not asked


def test_a_session_keeps_few_uploads_and_another_ones_stay() -> None:
    manager = MemoryUploadedFileManager("/upload")

    def upload(session: str, id: str, size: int = 1) -> None:
        manager.add_file(session, UploadedFileRec(id, "name", "type", bytes(size)))

    upload("other", "kept")
    for number in range(MOST_FILES + 5):
        upload("mine", f"{number}")
    assert list(manager.file_storage["mine"]) == [f"{n}" for n in range(5, MOST_FILES + 5)]
    assert list(manager.file_storage["other"]) == ["kept"]
    upload("mine", "large", MOST_BYTES)
    assert list(manager.file_storage["mine"]) == ["large"]
    assert too_many(manager.file_storage["mine"]) == []


def test_where_all_sessions_have_too_much_the_one_with_most_loses_its_oldest() -> None:
    class Large(bytes):
        def __len__(self) -> int:
            return MOST_OF_ALL // 4

    def files(*ids: str) -> dict[str, UploadedFileRec]:
        return {id: UploadedFileRec(id, "name", "type", Large()) for id in ids}

    sessions = {"one": files("a"), "two": files("b", "c", "d"), "three": files("e")}
    assert too_much(sessions, newest=("three", "e")) == [("two", "b")]
    assert too_much({"one": files("a")}, newest=("one", "a")) == []
