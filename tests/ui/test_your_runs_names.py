"""Names of runs are strangers' text: wherever the page shows one, it is text and nothing else."""

import json
from dataclasses import replace
from html import escape, unescape
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.runs.local import LocalPool
from tests.ui.test_your_runs import entered, kept_runs, looked_at, opened, pressed
from ui.experiments.runs.names import file_name, named, shown_name

__all__ = ["kept_runs"]

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</bdi></p><script>alert(1)</script>",
    "**bold** _and_ [a link](http://example.org) :red[red] `code`",
    "$\\frac{1}{2}$ and $x^2$",
    "&lt;b&gt; <b>bold</b><br>",
    "ריצה ראשונה",
    "\u202egnp.exe\u2066\u200f",
    "x" * 10_000,
    "first\nsecond\r\n\u2028third",
    "../../etc/passwd",
]
IDS = [f"{name[:12]!r}" for name in HOSTILE]
# What Streamlit takes for Markdown, or for HTML.
MARKDOWN = ("markdown", "caption", "header", "subheader", "title", "error", "warning", "info")


def renamed(pool: LocalPool, id: str, name: str) -> None:
    """Give a run a name that only a damaged or foreign index can have."""
    row = pool.store.row(id)
    assert row is not None
    pool.store.insert(replace(row, name=name))


def bodies(app: AppTest) -> list[str]:
    """All pieces of HTML on the page."""
    found: list[Any] = list(app.get("html"))
    return [one.proto.body for one in found]


def markdown(app: AppTest) -> str:
    """All that the page shows as Markdown, labels included."""
    pieces: list[Any] = [piece for kind in MARKDOWN for piece in app.get(kind)]
    labels = [button.label for button in app.button]
    return " ".join([*(str(piece.value) for piece in pieces), *labels])


def listed_names(app: AppTest) -> list[str]:
    """The names that the list is sent."""
    components: list[Any] = list(app.get("bidi_component"))
    sent = [json.loads(one.proto.json) for one in components if one.proto.json]
    (lines,) = [data["lines"] for data in sent if "lines" in data]
    return [line[1] for line in lines]


@pytest.mark.parametrize("name", HOSTILE, ids=IDS)
def test_a_hostile_name_is_text_in_the_list_and_wherever_else_it_stands(
    pool: LocalPool, name: str
) -> None:
    id, other = entered(pool, "mine"), entered(pool, "other")
    renamed(pool, id, name)
    shown = shown_name(name)
    one, several = opened(chosen=id), opened(chosen=f"{id},{other}")
    assert shown in listed_names(one)
    for app in (one, several, pressed(one, "Delete")):
        (line,) = [body for body in bodies(app) if f"<bdi>{escape(shown)}</bdi>" in body]
        assert line.count("<bdi>") in (1, 2)  # of both names, where two runs are compared
        assert shown not in markdown(app)
    one.session_state["experiments_runs_deleted_list"] = True
    assert any(named(name) in body for body in bodies(looked_at(one)))
    assert shown not in markdown(one)


@pytest.mark.parametrize("name", HOSTILE, ids=IDS)
def test_a_name_is_one_short_line_that_can_be_seen(name: str) -> None:
    shown = shown_name(name)
    assert shown.isprintable() and 0 < len(shown) <= 80
    assert unescape(named(name).removeprefix("<bdi>").removesuffix("</bdi>")) == shown


@pytest.mark.parametrize("name", HOSTILE, ids=IDS)
def test_a_file_of_a_run_has_a_plain_name(name: str) -> None:
    file = file_name(name, "0123456789abcdef", ".zip")
    stem = file.removesuffix("-012345.zip").removesuffix("012345.zip")
    assert len(file) < 60 and set("/\\<>:\"'&*.\n ") & set(stem) == set()


def test_a_word_for_a_run_that_went_wrong_may_be_of_strangers_too(pool: LocalPool) -> None:
    id = entered(pool)
    row = pool.store.row(id)
    assert row is not None
    message = "<img src=x onerror=alert(1)> **bold**"
    pool.store.insert(replace(row, status="failed", message=message))
    app = opened(chosen=id)
    assert any(escape(message) in body for body in bodies(app))
    assert message not in markdown(app)
