"""Strange messages over the websocket of a real server: none may show or log a traceback.

`python -m tests.load.strange_messages` starts a server of its own, and sends each message of the
list below to each page, as a browser would. For development; needs `websockets`, which the server
has. The last line is JSON; exit status 1 if anything was a traceback, or took too long.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from websockets.typing import Subprotocol

from tests.load.served import Server, started

PAGES = ("", "draw", "weights", "back-propagation", "evaluate", "experiments")
LINKS = [
    f"epochs={'9' * 400}", f"epochs={'9' * 5000}", "epochs=nan", "epochs=1e400", "epochs=-inf",
    "epochs=%00", "epochs=%ED%A0%80", "epochs=%F0%9F%92%A9", "epochs=", "epochs", "=", "&&&",
    "preset=" + "x" * 7000, "x" * 100_000, "run=" + "0" * 16, "run=../../etc/passwd", "run=%00",
    "run=1&command=%F0%9F%92%A9", "step=1e400", "step=" + "9" * 500, "chosen=" + "a," * 3000,
    "off=1-2-" + "9" * 400, "network=%0A%0A![x](http://example.org/x.png)", "unit=nan", "image=1e9",
]  # fmt: skip
DEEP = "[" * 100_000
STROKES = "abc 0 " + "+E7f_f_g" * 30_000 + "  "
VALUES: dict[str, Any] = {
    "NaN": {"double_value": float("nan")},
    "infinity": {"double_value": float("inf")},
    "several NaN": {"double_array_value": [float("nan")]},
    "infinities": {"double_array_value": [float("inf"), 1e308]},
    "a huge number": {"int_value": 2**62},
    "numbers": {"int_array_value": [2**62, -1]},
    "many numbers": {"int_array_value": [1] * 100_000},
    "text": {"string_value": "\0\u202e![x](http://example.org/x.png)"},
    "a long text": {"string_value": "x" * 1_000_000},
    "texts": {"string_array_value": ["\0", "![x](http://example.org)"]},
    "bytes": {"bytes_value": b"\xff"},
    "a press": {"trigger_value": True},
    "yes": {"bool_value": True},
    "no JSON": {"json_value": "{"},
    "deep JSON": {"json_value": DEEP},
    "deep JSON with an end": {"json_value": DEEP + "]" * 100_000},
    "900 deep": {"json_value": '{"chosen": ' + "[" * 900 + "]" * 900 + "}"},
    "JSON's NaN": {"json_value": '{"chosen": NaN, "step": [NaN, true]}'},
    "1e400": {"json_value": '{"chosen": 1e400, "step": [1e400, true], "view": [1e400, [], 1]}'},
    "900,000 points": {"json_value": json.dumps({"chosen": [1] * 900_000})},
    "half a letter": {"json_value": '{"chosen": "\\ud800", "word": "\\ud800", "ink": "\\ud800"}'},
    "a text as a choice": {"json_value": '{"chosen": "x", "step": "x", "view": "x", "word": 1}'},
    "a list as a choice": {"json_value": '{"chosen": [[]], "step": [[], []], "view": [[], [], 1]}'},
    "objects": {"json_value": '{"chosen": {"at": {}, "ids": {}}, "ink": {}, "word": []}'},
    "a number of JSON": {"json_value": "1"},
    "30,000 strokes": {"json_value": json.dumps({"ink": STROKES})},
    "a press of JSON": {"json_trigger_value": '[{"event": "picture", "value": "!!!"}]'},
    "a deep press": {"json_trigger_value": DEEP},
}  # fmt: skip
DEAREST = 10  # messages that are named
MOST_BYTES = 2_900_000  # of a message: the server breaks off the connection of whoever sends 3 MB
PAGE_SECONDS = 60.0  # for a page to be there: a shared machine may be busy


@dataclass
class Seen:
    """What a visitor's page has been sent."""

    page: str = ""
    widgets: dict[str, str] = field(default_factory=dict)  # fragment by the widget's id
    tracebacks: list[str] = field(default_factory=list)


def say(states: WidgetStates, id: str, value: Mapping[str, Any]) -> None:
    """Add what a browser says of a widget: {its kind in the message: the content}."""
    widget = states.widgets.add(id=id)
    for kind, content in value.items():
        if kind.endswith("array_value"):
            getattr(widget, kind).data.extend(content)
        else:
            setattr(widget, kind, content)


class Visitor:
    """One page of a browser, as far as the server can tell."""

    def __init__(self, connection: Any, port: int) -> None:
        self._connection, self._port, self.seen = connection, port, Seen()

    async def run(self, **message: Any) -> None:
        """Send a message and wait until it has been carried out."""
        back = BackMsg()
        rerun = back.rerun_script
        rerun.page_name, rerun.query_string = message.get("page", ""), message.get("link", "")
        if self.seen.page and "page" not in message:
            rerun.page_script_hash = self.seen.page
        rerun.fragment_id = message.get("fragment", "")
        context = rerun.context_info
        context.timezone, context.locale = "UTC", "en-US"
        context.url = f"http://127.0.0.1:{self._port}/"
        for id, value in message.get("values", {}).items():
            say(rerun.widget_states, id, value)
        rerun.widget_states.SetInParent()
        await self._connection.send(back.SerializeToString())
        await asyncio.wait_for(self._until_finished(), PAGE_SECONDS)

    async def _until_finished(self) -> None:
        while True:
            message = ForwardMsg()
            message.ParseFromString(await self._connection.recv())
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.seen.page = message.new_session.page_script_hash
            elif kind == "script_finished":
                return
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._note(message.delta)

    def _note(self, delta: Any) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.seen.tracebacks.append(f"{element.exception.type}: {element.exception.message}")
        elif id := getattr(getattr(element, kind), "id", ""):
            self.seen.widgets[id] = delta.fragment_id


async def visit(server: Server) -> dict[str, Any]:
    """Send everything to every page; what was found."""
    costs: dict[str, float] = {}
    tracebacks: list[str] = []
    for page in PAGES:
        async with websockets.connect(
            f"ws://127.0.0.1:{server.port}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            ping_timeout=None,
        ) as connection:
            visitor = Visitor(connection, server.port)
            await visitor.run(page=page)
            for what, message in strange(page, visitor.seen):
                words = f"{page or 'train'}: {what}"
                noticed, before = len(visitor.seen.tracebacks), server.taken()
                await visitor.run(**message)
                tracebacks += [f"{words}: {one}" for one in visitor.seen.tracebacks[noticed:]]
                if before and (after := server.taken()):
                    costs[words] = after.front_end_ms - before.front_end_ms
    dearest = sorted(costs, key=lambda words: -costs[words])[:DEAREST]
    return {
        "messages": len(costs),
        "tracebacks": tracebacks,
        "dearest_ms": {words: costs[words] for words in dearest},
    }


def strange(page: str, seen: Seen) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is sent to one page, with the words for it."""
    for link in LINKS:
        yield f"link {link[:40]}", {"link": link, "page": page}
    components = [id for id in seen.widgets if "component" in id]
    for what, value in VALUES.items():
        first = components if any("json" in kind for kind in value) else []
        ids = list(dict.fromkeys([*first, *seen.widgets]))
        most = max(1, MOST_BYTES // len(repr(value)))
        yield what, {"values": {id: value for id in ids[:most]}}
        for id in [id for id in components if seen.widgets[id]][:1]:
            yield f"{what} for {id[-20:]}", {"values": {id: value}, "fragment": seen.widgets[id]}
    many = {f"$$ID-{n:032}-none": VALUES["yes"] for n in range(5_000)}
    yield "widgets that do not exist", {"values": many}
    yield "a page again", {}


def main() -> int:
    """Start a server, visit it, and say what was found."""
    with started() as server:
        found = asyncio.run(visit(server))
        logged = server.log()
    found["tracebacks_in_the_log"] = logged.count("Traceback")
    if "Traceback" in logged:
        print(logged[-6000:])
    for line in found["tracebacks"]:
        print(line)
    print(json.dumps(found))
    return 1 if found["tracebacks"] or found["tracebacks_in_the_log"] else 0


if __name__ == "__main__":
    sys.exit(main())
