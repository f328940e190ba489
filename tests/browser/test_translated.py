"""Pages that the browser translates. It puts every text into an element of its own; what the page
wants to change or take away then lies elsewhere. No page may break, and numbers go on changing.
"""

import re
from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect
from tests.browser.test_train import PATIENCE, Serve, pause, press, status

BATCHES = 32  # of an epoch of 2000 images

# As Google Translate does: each text is put into two <font> elements, what comes later as well.
TRANSLATE = """() => {
  const left = "font, style, script, [translate=no]"; // as it is
  const skip = (text) => !text.data.trim() || text.parentElement.closest(left);
  const translate = (root) => {
    const texts = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (!skip(walker.currentNode)) texts.push(walker.currentNode);
    for (const text of texts) {
      const fonts = [document.createElement("font"), document.createElement("font")];
      text.replaceWith(fonts[0]);
      fonts[0].append(fonts[1]);
      fonts[1].append(text.data);
    }
  };
  const main = document.querySelector(".stMain");
  translate(main);
  new MutationObserver((changes) => {
    for (const change of changes) if (change.target.isConnected) translate(change.target);
  }).observe(main, { childList: true, characterData: true, subtree: true });
}"""


def test_a_translated_page_starts_runs_and_shows_their_numbers(page: Page, serve: Serve) -> None:
    page.goto(serve("app.py") + "/?epochs=2&train_size=2000")
    wait_idle(page)
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible(timeout=PATIENCE)
    page.evaluate(TRANSLATE)
    words = page.get_by_text(re.compile("^784-64-10 relu, .*After epoch 2: .*validation accuracy"))
    press(page, "Start")
    expect(status(page)).to_contain_text("Finished · step 64 of 64", timeout=PATIENCE)
    expect(words).to_be_visible(timeout=PATIENCE)
    press(page, "Rewind")
    expect(status(page)).to_contain_text("Paused · step 0 of 64", timeout=PATIENCE)
    press(page, "One batch")
    expect(page.get_by_text(re.compile("Batch 1: loss"))).to_be_visible(timeout=PATIENCE)
    press(page, "One batch")
    expect(page.get_by_text(re.compile("Batch 2: loss"))).to_be_visible(timeout=PATIENCE)
    press(page, "Start a new run")
    expect(status(page)).to_contain_text("Finished · step 64 of 64", timeout=PATIENCE)
    expect(words).to_be_visible(timeout=PATIENCE)


def test_a_translated_page_follows_the_time_machine_and_the_choice(
    page: Page, serve: Serve
) -> None:
    page.goto(serve("app.py") + "/?epochs=2&train_size=2000")
    wait_idle(page)
    press(page, "Start")
    expect(status(page)).to_contain_text("Finished", timeout=PATIENCE)
    page.get_by_role("link", name="Weights").click()
    gallery = page.get_by_role("listbox", name="Weights of the hidden units")
    expect(gallery.get_by_role("option")).to_have_count(64, timeout=PATIENCE)
    wait_idle(page)
    page.evaluate(TRANSLATE)
    page.get_by_role("button", name="Snapshot before").click()
    expect(page.get_by_text(re.compile(r"Step (?!64)\d+ .*, chosen;"))).to_be_visible()
    page.get_by_role("button", name="Live").click()
    expect(page.get_by_text(re.compile(r"Step 64 .*, the newest, live;"))).to_be_visible()
    for unit in (3, 5):
        gallery.get_by_role("option").nth(unit).click()
        expect(page.get_by_role("heading", name=f"Hidden unit {unit}")).to_be_visible()
        expect(page.get_by_text(re.compile("^Without it, .*images are right"))).to_be_visible()


# Each diagnosis comes so late that the page around it is drawn, and translated, before.
DIAGNOSIS_COMES_LATE = """
const listen = WebSocket.prototype.addEventListener;
WebSocket.prototype.addEventListener = function (type, answer, ...more) {
  const words = new TextDecoder();
  let turn = Promise.resolve();
  const inTurn = (message) => {
    const late = type === "message" && words.decode(message.data).includes("pure guessing");
    turn = turn.then(() => late && new Promise((go) => setTimeout(go, 200)));
    turn = turn.then(() => answer(message));
  };
  return listen.call(this, type, inTurn, ...more);
};
"""


def test_a_translated_diagnosis_goes_on_with_the_run(
    new_page: Callable[..., Page], serve: Serve
) -> None:
    page = new_page(own=True)
    page.add_init_script(DIAGNOSIS_COMES_LATE)
    page.goto(serve("app.py") + "/?epochs=1000&train_size=2000&learning_rate=1e-05")
    wait_idle(page)
    page.evaluate(TRANSLATE)
    press(page, "Start")
    alert = page.get_by_role("alert").filter(has_text="Not learning.")
    expect(alert).to_be_visible(timeout=PATIENCE)
    epochs = pause(page) // BATCHES + 1
    press(page, "One epoch")
    expect(status(page)).to_contain_text(f"Paused · step {epochs * BATCHES:,} of", timeout=PATIENCE)
    expect(alert).to_contain_text(f"After {epochs} epochs the loss is", timeout=PATIENCE)
    press(page, "Stop")
    expect(status(page)).to_contain_text("Stopped", timeout=PATIENCE)
