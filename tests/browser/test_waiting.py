"""Components that stand on a page before their code has reached it."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from ui.components import files

NAMES = ("first", "broken", "last")
# Imports code of files.py as Streamlit does, and mounts a place of each component.
SET_UP = """async ({ code, place, names }) => {
  const load = (code) => import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  window.said = [];
  window.ends = [];
  for (const name of names) {
    const parentElement = document.createElement("div");
    parentElement.innerHTML = "<div class=place></div>";
    const { default: mount } = await load(place.replaceAll("NAME", JSON.stringify(name)));
    ends.push(mount({ parentElement, data: name }));
  }
  window.codeArrives = () => load(code);
}"""
SHOWN = """const shown = ({ data }) => {
  if (data === "broken") throw new Error("this one is broken");
  said.push(`${data} is shown`);
  return () => said.push(`${data} has ended`);
};"""


@pytest.fixture
def waiting(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page with three components whose code is not there yet, and the errors of its console."""
    known = "".join(
        files._KNOWN % {"name": json.dumps(name), "elements": '""', "code": SHOWN} for name in NAMES
    )
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    code, place = files._CODE % known, files._PLACE % ("NAME", "NAME")
    page.evaluate(SET_UP, {"code": code, "place": place, "names": NAMES})
    yield page, errors
    page.close()


def test_one_that_breaks_keeps_no_other_from_being_shown(waiting: tuple[Page, list[str]]) -> None:
    page, errors = waiting
    page.evaluate("codeArrives()")
    assert page.evaluate("said") == ["first is shown", "last is shown"]
    assert errors == ["this one is broken"]


def test_one_that_has_waited_ends_as_any_other(waiting: tuple[Page, list[str]]) -> None:
    page, _ = waiting
    page.evaluate("async () => { ends[0](); await codeArrives(); ends[2](); }")
    assert page.evaluate("said") == ["last is shown", "last has ended"]
