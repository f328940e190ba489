"""What a browser and the server say to each other, as far as visitors without a screen need it."""

import asyncio
import json
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 60  # seconds for one answer


class PageError(Exception):
    """What a visitor would see as an error."""


@dataclass
class Tab:
    """One page that is open in a browser; to be used in `async with`."""

    port: int
    page: str  # of the address, "" for Train
    query: str = ""
    widgets: dict[str, str] = field(default_factory=dict)  # ids by the keys in the page's code
    fragments: dict[str, str] = field(default_factory=dict)  # which part each of them stands in
    timers: dict[str, float] = field(default_factory=dict)  # seconds between two looks, by part
    received: int = 0  # bytes
    _script: str = ""
    _socket: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        origin = f"http://127.0.0.1:{self.port}"
        self._socket = await connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            origin=origin,  # type: ignore[arg-type]
            open_timeout=PATIENCE,
            ping_timeout=None,
            max_size=None,
        )
        await self.run()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def run(self) -> None:
        """The whole page, as when it is opened."""
        await self._asked(self._message())

    async def press(self, key: str) -> None:
        """A button, which has the whole page drawn anew."""
        message = self._message()
        message.rerun_script.widget_states.widgets.add(id=self.widgets[key], trigger_value=True)
        await self._asked(message)

    async def write(self, key: str, value: object) -> None:
        """A value of a component of our own."""
        message = self._message(self.fragments[key])
        states = message.rerun_script.widget_states
        states.widgets.add(id=self.widgets[key], json_value=json.dumps(value))
        await self._asked(message)

    async def look(self, part: str) -> None:
        """A part of the page again, since its time has come."""
        message = self._message(part)
        message.rerun_script.is_auto_rerun = True
        await self._asked(message)

    def _message(self, fragment: str = "") -> BackMsg:
        message = BackMsg()
        run = message.rerun_script
        run.query_string, run.fragment_id = self.query, fragment
        run.widget_states.SetInParent()
        if self._script:
            run.page_script_hash = self._script
        else:
            run.page_name = self.page
        here = run.context_info
        here.timezone, here.locale, here.color_scheme = "UTC", "en-US", "light"
        here.url = f"http://127.0.0.1:{self.port}/{self.page}"
        return message

    async def _asked(self, message: BackMsg) -> None:
        """Send a message and read until its script has ended; PageError for what went wrong."""
        assert self._socket is not None
        if not message.rerun_script.fragment_id:
            self.timers.clear()
        await self._socket.send(message.SerializeToString())
        async with asyncio.timeout(PATIENCE):
            while not self._has_ended(await self._socket.recv()):
                pass

    def _has_ended(self, data: str | bytes) -> bool:
        assert isinstance(data, bytes)
        self.received += len(data)
        told = ForwardMsg.FromString(data)
        match told.WhichOneof("type"):
            case "delta" if told.delta.WhichOneof("type") == "new_element":
                self._notice(told)
            case "new_session":
                self._script = told.new_session.page_script_hash
            case "page_info_changed":
                self.query = told.page_info_changed.query_string
            case "auto_rerun":
                self.timers[told.auto_rerun.fragment_id] = told.auto_rerun.interval
            case "script_finished":
                return told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
        return False

    def _notice(self, told: ForwardMsg) -> None:
        element = told.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise PageError(f"{element.exception.type}: {element.exception.message}")
        if kind in ("bidi_component", "button"):
            id = getattr(element, kind).id
            key = id.split("-", 2)[-1]  # "$$ID-hash-key"
            self.widgets[key], self.fragments[key] = id, told.delta.fragment_id
