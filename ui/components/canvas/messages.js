// What goes to Python and what comes back: words of the journal there, receipts for them here.

const SEND_EVERY = 90; // milliseconds, while a stroke is drawn ...
const SEND_SELDOM = 250; // ... and after LIVE_MESSAGES of them, because each costs 230 bytes of Streamlit's own
const LIVE_MESSAGES = 9;
const PATIENCE = 1000; // milliseconds to wait for a receipt before sending more of an unfinished stroke

class Messages extends Paper {
  replaces = ""; // the origin that Python had before it knows the journal's
  known = false; // whether Python has confirmed the journal's origin
  confirmed = 0; // characters that Python has
  sent = 0; // characters sent
  sentAt = 0;
  receipt = null; // the element that said so last
  thinner = null; // of the stroke being drawn, if there is one

  /** Called at the start and whenever Python shows the component again. */
  update({ data, setStateValue }) {
    this.data = data;
    this.setStateValue = setStateValue; // a later one belongs to a later fragment
    if (this.journal === null) this.start();
    else if (data.origin === "" && (this.known || this.replaces !== "")) {
      this.replaces = ""; // a new session at the server, which has to be told everything
      this.confirmed = this.sent = 0;
      this.receipt = this.findReceipt(); // the old session's
    } else if (data.origin !== this.journal.origin && data.origin !== this.replaces) {
      this.take(new Journal(data)); // the page has put another drawing on the canvas
    } else if (data.origin === this.journal.origin && data.text.length > this.journal.text.length) {
      this.take(new Journal(data)); // the browser had forgotten some of it
    }
    this.known = data.origin === this.journal.origin;
    if (this.known) this.confirmed = Math.max(this.confirmed, data.text.length);
    this.readReceipt();
    this.showConfirmed();
    if (this.sent < this.journal.text.length && this.thinner === null) this.send();
  }

  start() {
    const { key, origin, text } = this.data;
    const kept = storage.read(key);
    if (kept?.brush) this.brush = kept.brush;
    // The browser may have words that Python has not, but never the other way round.
    const isKept = kept?.origin && (origin === "" || (origin === kept.origin && kept.text.startsWith(text)));
    this.slider.value = this.brush;
    this.take(new Journal(isKept ? kept : origin === "" ? { origin: newOrigin() } : this.data));
    this.replaces = origin === this.journal.origin ? this.replaces : origin;
    this.moveCell(0, 0, { silent: true });
  }

  /** Puts another journal on the canvas. */
  take(journal) {
    this.thinner = this.pointer = null;
    this.journal = journal;
    this.confirmed = 0;
    this.sent = journal.origin === this.data.origin ? this.data.text.length : 0;
    this.backgroundImage = imageOf(journal.background);
    this.paint();
    this.refresh();
  }

  // A receipt is a hidden element in the HTML that the page shows beside the canvas: `receipt` in __init__.py.

  watchReceipts() {
    const observer = new MutationObserver(() => this.readReceipt());
    observer.observe(document.body, { childList: true, subtree: true });
    this.ending.signal.addEventListener("abort", () => observer.disconnect());
  }

  findReceipt() {
    return document.querySelector(`[data-canvas="${CSS.escape(this.data.key)}"]`);
  }

  /** Takes note of what Python has, if a receipt says something new. */
  readReceipt() {
    const receipt = this.journal && this.findReceipt();
    if (!receipt || receipt === this.receipt) return;
    this.receipt = receipt;
    const { origin, length } = receipt.dataset;
    if (origin !== this.journal.origin) return;
    this.known = true;
    this.confirmed = Math.max(this.confirmed, Math.min(Number(length), this.sent));
    // Of a journal that the browser does not know to its end (storage may be forbidden) it asks for all.
    if (Number(length) > this.journal.text.length) this.setStateValue("ink", "");
    this.showConfirmed();
  }

  send() {
    const { origin, background, text } = this.journal;
    if (text.length === this.sent) return;
    const message = [origin, this.confirmed, text.slice(this.confirmed)];
    if (!this.known) message.push(this.replaces, background ?? "");
    this.sent = text.length;
    this.sentAt = performance.now();
    this.setStateValue("ink", message.join(" "));
    this.showConfirmed();
    this.keep();
  }

  /** Lets tests see whether Python has all that was sent. */
  showConfirmed() {
    this.easel.dataset.confirmed = String(this.confirmed >= this.sent);
  }

  keep() {
    const { origin, background, text } = this.journal;
    storage.write(this.data.key, { origin, background, text, brush: this.brush });
  }

  /** Sends the unfinished stroke from time to time, but not faster than Python answers. */
  tick() {
    clearTimeout(this.timer);
    if (this.thinner === null || this.ending.signal.aborted) return;
    const answered = this.confirmed >= this.sent || performance.now() - this.sentAt > PATIENCE;
    if (answered) {
      this.writePoint(this.thinner.flush());
      if (this.journal.text.length > this.sent) this.messages += 1;
      this.send();
    }
    const pause = this.messages < LIVE_MESSAGES ? SEND_EVERY : SEND_SELDOM;
    this.timer = setTimeout(() => this.tick(), answered ? pause : SEND_EVERY / 3);
  }
}
