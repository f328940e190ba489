// The browser's half of the drawing canvas: it turns pointer and keys into words of a journal, paints them at once, and
// sends what Python has not confirmed. The words are explained in __init__.py, which reads them.

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const WORDS = /[+~][\w-]{7}|[\w-]{5}|[!<>*]/g;
const FULL = 4095; // the right or lower edge, in two digits
const NORMAL_WIDTH = 32; // the digit of a width factor of 1
const GRID = 28; // cells on a side, for the keyboard
const USUAL_BRUSH = 1 / 13; // of the side: what MNIST's strokes measure

const SEND_EVERY = 90; // milliseconds, while a stroke is drawn ...
const SEND_SELDOM = 250; // ... and after LIVE_MESSAGES of them, because each costs 230 bytes of Streamlit's own
const LIVE_MESSAGES = 9;
const PATIENCE = 1000; // milliseconds to wait for a confirmation before sending more of an unfinished stroke
const NEAR = 0.006; // points nearer than this to the last one are left out ...
const FAR = 0.05; // ... and points on a straight line as well, up to this distance
const STRAIGHT = 0.0015; // how far from a straight line is still straight
const LONG = 32_000; // characters: a journal longer than this loses its past when the canvas is cleared

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const newOrigin = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => DIGITS[n % 64]).join("");

function twoDigits(fraction) {
  const n = Math.round(clamp(fraction, 0, 1) * FULL);
  return DIGITS[n >> 6] + DIGITS[n & 63];
}

const numberOf = (text) => (DIGITS.indexOf(text[0]) * 64 + DIGITS.indexOf(text[1])) / FULL;
const wordOf = ({ x, y, width }) => twoDigits(x) + twoDigits(y) + DIGITS[width];
const pointOf = (word) => ({ x: numberOf(word), y: numberOf(word.slice(2)), width: DIGITS.indexOf(word[4]) });

/** The text that browser and server share, and the marks that it amounts to. */
class Journal {
  constructor({ origin, background = null, text = "" }) {
    this.origin = origin;
    this.background = background; // base 64 of 28 x 28 grey values, or null
    this.text = "";
    this.marks = []; // { words, points, brush, erase } of a stroke, or { words: "*" } of a clear
    this.undone = [];
    this.write(text);
  }

  write(text) {
    for (const [word] of text.matchAll(WORDS)) {
      this.text += word;
      if (word === "<") this.undone.push(this.marks.pop());
      else if (word === ">") this.marks.push(this.undone.pop());
      else if (word === "!") this.marks.pop();
      else if (word === "*") this.#add({ words: word });
      else if (word[0] === "+" || word[0] === "~") {
        const [brush, point] = [numberOf(word.slice(1)), pointOf(word.slice(3))];
        this.#add({ words: word, points: [point], brush, erase: word[0] === "~" });
      } else {
        const stroke = this.marks.at(-1);
        stroke.words += word;
        stroke.points.push(pointOf(word));
      }
    }
  }

  #add(mark) {
    this.marks.push(mark);
    this.undone = [];
  }

  /** The marks that can be seen: those since the last clear. */
  get visible() {
    return this.marks.slice(this.marks.findLastIndex((mark) => !mark.points) + 1);
  }

  get showsBackground() {
    return this.background !== null && this.marks.every((mark) => mark.points);
  }

  get isBlank() {
    return !this.showsBackground && this.visible.every((mark) => mark.erase);
  }

  get isEmpty() {
    return !this.showsBackground && this.visible.length === 0;
  }

  /** The same picture under a new origin, without what came before it; nothing at all if that is still long. */
  shortened() {
    const clear = this.marks.findLastIndex((mark) => !mark.points);
    const text = this.marks.slice(Math.max(clear, 0)).map((mark) => mark.words).join("");
    const background = clear < 0 ? this.background : null;
    return new Journal({ origin: newOrigin(), ...(text.length < LONG && { background, text }) });
  }
}

/** What survives a reload: a journal under the canvas's key. Storage may be forbidden; then only Python remembers. */
const storage = {
  name: (key) => `digit-lab-canvas:${key}`,
  read(key) {
    try {
      return JSON.parse(sessionStorage.getItem(this.name(key)));
    } catch {
      return null;
    }
  },
  write(key, kept) {
    try {
      sessionStorage.setItem(this.name(key), JSON.stringify(kept));
    } catch {
      // Nothing is lost but the drawing after a reload.
    }
  },
};

/** Leaves out the points that do not change a stroke's look. The newest point waits in `pending` until it is needed. */
class Thinner {
  constructor(first) {
    this.written = first;
    this.pending = null;
  }

  /** Takes a point; returns the one before it if that has to be written. */
  take(point) {
    const { written, pending } = this;
    this.pending = point;
    if (pending === null || this.#isSpare(written, pending, point)) return null;
    this.written = pending;
    return pending;
  }

  /** The newest point, if it is not yet written. */
  flush() {
    const { pending } = this;
    this.written = pending ?? this.written;
    this.pending = null;
    return pending;
  }

  #isSpare(a, b, c) {
    const [bx, by, cx, cy] = [b.x - a.x, b.y - a.y, c.x - a.x, c.y - a.y];
    if (Math.hypot(bx, by) < NEAR) return true;
    const distance = Math.hypot(cx, cy);
    const aside = Math.abs(bx * cy - by * cx) / Math.max(distance, 1e-9);
    const forward = (c.x - b.x) * bx + (c.y - b.y) * by > 0;
    return aside < STRAIGHT && forward && distance < FAR && a.width === b.width && b.width === c.width;
  }
}

/** Where the way from an inner point to an outer one crosses the canvas's border. */
function borderBetween(inner, outer) {
  const share = (from, to) => (to < 0 ? from / (from - to) : to > 1 ? (1 - from) / (to - from) : 1);
  const t = Math.min(share(inner.x, outer.x), share(inner.y, outer.y));
  return { ...outer, x: inner.x + t * (outer.x - inner.x), y: inner.y + t * (outer.y - inner.y) };
}

const isInside = ({ x, y }) => x >= 0 && x <= 1 && y >= 0 && y <= 1;

class Easel {
  constructor(root) {
    const find = (selector) => root.querySelector(selector);
    this.easel = find(".easel");
    this.paper = find(".paper");
    this.canvas = find("canvas");
    this.context = this.canvas.getContext("2d");
    this.cellMark = find(".cell");
    this.ring = find(".ring");
    this.spoken = find(".spoken");
    this.tip = find(".tip span");
    this.slider = find("input");
    this.buttons = Object.fromEntries([...root.querySelectorAll("button")].map((b) => [b.name, b]));

    this.journal = null;
    this.replaces = ""; // the origin that Python had before it knows the journal's
    this.known = false; // whether Python has confirmed the journal's origin
    this.confirmed = 0; // characters that Python has
    this.sent = 0; // characters sent
    this.sentAt = 0;
    this.erasing = false;
    this.brush = USUAL_BRUSH;
    this.thinner = null; // of the stroke being drawn, if there is one
    this.pointer = null; // { id, last } of the pointer that draws
    this.fingers = new Map(); // of the fingers on the canvas: pointer id -> height on the screen
    this.cell = { column: 14, row: 14 };
    this.keyStroke = false; // whether Space is held down

    this.calls = 0;
    this.ending = new AbortController();
    this.listen();
    this.watchSize();
  }

  // ---- Python ----------------------------------------------------------------------------------------------------

  /** Called at the start and whenever Python shows the component again. */
  update({ data, setStateValue }) {
    this.data = data;
    this.setStateValue = setStateValue; // a later one belongs to a later fragment
    if (this.journal === null) this.start();
    else if (data.origin === "" && (this.known || this.replaces !== "")) {
      this.replaces = ""; // a new session at the server, which has to be told everything
      this.confirmed = this.sent = 0;
    } else if (data.origin !== this.journal.origin && data.origin !== this.replaces) {
      this.take(new Journal(data)); // the page has put another drawing on the canvas
    }
    this.known = data.origin === this.journal.origin;
    if (this.known) this.confirmed = Math.max(this.confirmed, data.text.length);
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

  // ---- Strokes and commands ----------------------------------------------------------------------------------------

  /** Begins a stroke; returns whether there was room for it. */
  begin(point, erase) {
    if (this.journal.text.length > 0.9 * this.data.limit) {
      this.say("The canvas is full. Clear it to go on.");
      return false;
    }
    this.journal.write((erase ? "~" : "+") + twoDigits(this.brush) + wordOf(point));
    this.thinner = new Thinner(point);
    this.messages = 0; // sent while this stroke was drawn
    this.paintStroke({ ...this.journal.marks.at(-1), points: [point] });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tick(), SEND_EVERY);
    this.refresh();
    return true;
  }

  extend(point) {
    const from = this.thinner.pending ?? this.thinner.written;
    this.paintStroke({ ...this.journal.marks.at(-1), points: [from, point] });
    this.writePoint(this.thinner.take(point));
  }

  writePoint(point) {
    // An endless stroke stops growing at the limit that Python would refuse.
    if (point !== null && this.journal.text.length + 16 < this.data.limit) this.journal.write(wordOf(point));
  }

  end() {
    if (this.thinner === null) return;
    this.writePoint(this.thinner.flush());
    this.thinner = null;
    this.send();
  }

  /** Takes the stroke that is being drawn back, as if it had never been begun. */
  withdraw() {
    if (this.thinner === null) return;
    this.thinner = null;
    this.command("!");
  }

  command(word) {
    this.journal.write(word);
    if (word === "*" && this.journal.text.length > LONG && this.known) {
      this.replaces = this.journal.origin;
      this.known = false;
      this.take(this.journal.shortened());
    }
    this.paint();
    this.refresh();
    this.send();
  }

  undo() {
    this.end();
    if (this.journal.marks.length === 0) return this.say("Nothing to undo.");
    this.command("<");
    this.say("Undone.");
  }

  redo() {
    this.end();
    if (this.journal.undone.length === 0) return this.say("Nothing to redo.");
    this.command(">");
    this.say("Redone.");
  }

  clear() {
    this.end();
    if (this.journal.isEmpty) return this.say("The canvas is empty.");
    this.command("*");
    this.say("Cleared.");
  }

  eraser() {
    this.erasing = !this.erasing;
    this.refresh();
    this.say(this.erasing ? "Eraser." : "Pen.");
  }

  // ---- Paint -------------------------------------------------------------------------------------------------------

  paint() {
    const { width, height } = this.canvas;
    this.context.fillStyle = "#000";
    this.context.fillRect(0, 0, width, height);
    if (this.journal?.showsBackground) {
      this.context.imageSmoothingEnabled = false;
      this.context.drawImage(this.backgroundImage, 0, 0, width, height);
    }
    for (const stroke of this.journal?.visible ?? []) this.paintStroke(stroke);
  }

  paintStroke({ points, brush, erase }) {
    const { context } = this;
    const side = this.canvas.width;
    const thickness = (width) => Math.max((brush * side * width) / NORMAL_WIDTH, 1);
    context.strokeStyle = context.fillStyle = erase ? "#000" : "#fff";
    context.lineCap = context.lineJoin = "round";
    points.forEach((point, i) => {
      context.beginPath();
      if (i === 0) {
        context.arc(point.x * side, point.y * side, thickness(point.width) / 2, 0, 2 * Math.PI);
        context.fill();
        return;
      }
      const before = points[i - 1];
      context.lineWidth = (thickness(before.width) + thickness(point.width)) / 2;
      context.moveTo(before.x * side, before.y * side);
      context.lineTo(point.x * side, point.y * side);
      context.stroke();
    });
  }

  /** Brings buttons, hint and brush in line with the journal. */
  refresh() {
    const { journal, buttons } = this;
    const idle = {
      undo: journal.marks.length === 0,
      redo: journal.undone.length === 0,
      clear: journal.isEmpty,
    };
    for (const [name, isIdle] of Object.entries(idle)) {
      // A disabled button would lose the keyboard's focus to nowhere.
      if (isIdle && buttons[name].matches(":focus")) this.canvas.focus();
      buttons[name].disabled = isIdle;
    }
    buttons.eraser.setAttribute("aria-pressed", String(this.erasing));
    this.easel.classList.toggle("blank", journal.isBlank);
    this.slider.setAttribute("aria-valuetext", `${(this.brush * GRID).toFixed(1)} cells`);
    const diameter = `${this.brush * this.paper.clientWidth}px`;
    for (const disc of [this.tip, this.ring]) disc.style.width = disc.style.height = diameter;
  }

  /** Gives the canvas one pixel for each pixel of the screen, whatever its size and the page's zoom. */
  watchSize() {
    const resize = () => {
      const pixels = Math.round(this.paper.clientWidth * devicePixelRatio);
      if (pixels === 0 || pixels === this.canvas.width) return; // 0 while it is hidden
      this.canvas.width = this.canvas.height = pixels;
      this.paint();
      if (this.journal !== null) this.refresh();
    };
    const observer = new ResizeObserver(resize);
    observer.observe(this.paper);
    window.addEventListener("resize", resize, { signal: this.ending.signal }); // the zoom
    this.ending.signal.addEventListener("abort", () => observer.disconnect());
    resize();
  }

  // ---- Mouse, pen, fingers -----------------------------------------------------------------------------------------

  listen() {
    const { signal } = this.ending;
    const on = (target, type, listener) => target.addEventListener(type, listener, { signal });
    on(this.canvas, "pointerdown", (event) => this.pointerDown(event));
    on(this.canvas, "pointermove", (event) => this.pointerMove(event));
    on(this.canvas, "pointerup", (event) => this.pointerUp(event));
    on(this.canvas, "pointercancel", (event) => this.pointerCancel(event));
    on(this.canvas, "pointerleave", () => this.easel.classList.remove("with-mouse"));
    on(this.canvas, "contextmenu", (event) => event.preventDefault()); // a finger held still draws a dot
    on(this.canvas, "keydown", (event) => this.canvasKey(event));
    on(this.canvas, "keyup", (event) => event.code === "Space" && this.endKeyStroke());
    on(this.canvas, "blur", () => this.endKeyStroke());
    on(this.easel, "keydown", (event) => this.easelKey(event));
    for (const name of ["undo", "redo", "clear", "eraser"]) {
      on(this.buttons[name], "click", () => this[name]());
    }
    on(this.slider, "input", () => {
      this.brush = Number(this.slider.value);
      this.refresh();
    });
    on(this.slider, "change", () => this.keep());
  }

  /** The event's place on the canvas, in 0..1 if it is inside, and the digit of its width. */
  pointAt(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const pressed = event.pointerType === "pen" && event.pressure > 0;
    return {
      x: (event.clientX - left) / width,
      y: (event.clientY - top) / height,
      width: pressed ? clamp(Math.round(NORMAL_WIDTH * (0.5 + event.pressure)), 8, 63) : NORMAL_WIDTH,
    };
  }

  pointerDown(event) {
    this.easel.classList.remove("with-keyboard");
    if (event.pointerType === "touch") {
      this.fingers.set(event.pointerId, event.clientY);
      if (this.fingers.size > 1) {
        if (this.pointer?.isFinger) this.withdraw();
        this.pointer = null; // whatever the fingers do now is the page's
        return;
      }
    }
    const eraserEnd = event.button === 5 && event.pointerType === "pen";
    if (this.pointer !== null || (event.button !== 0 && !eraserEnd)) return;
    this.endKeyStroke();
    const point = this.pointAt(event);
    const erase = this.erasing || eraserEnd;
    if (!this.begin(point, erase)) return;
    this.pointer = { id: event.pointerId, last: point, erase, isFinger: event.pointerType === "touch" };
    this.canvas.setPointerCapture(event.pointerId);
  }

  pointerMove(event) {
    const isMouse = event.pointerType !== "touch";
    this.easel.classList.toggle("with-mouse", isMouse);
    if (isMouse) {
      const { left, top } = this.canvas.getBoundingClientRect();
      const [x, y] = [event.clientX - left, event.clientY - top];
      this.ring.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
    }
    if (this.fingers.size > 1) this.scroll(event);
    if (this.pointer?.id !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length > 0 ? events : [event]) this.moveTo(this.pointAt(each));
  }

  /**
   * Two fingers that come down together scroll without our help, and the browser takes them away from us. If the second
   * comes after a stroke has begun, the browser leaves both to us.
   */
  scroll(event) {
    if (!this.fingers.has(event.pointerId)) return;
    const distance = this.fingers.get(event.pointerId) - event.clientY;
    this.fingers.set(event.pointerId, event.clientY);
    scrollerOf(this.easel.getRootNode().host).scrollBy(0, distance / this.fingers.size);
  }

  /** A stroke ends where it leaves the canvas, and a new one begins where the pointer comes back. */
  moveTo(point) {
    const { last, erase } = this.pointer;
    if (point.x === last.x && point.y === last.y) return; // a click is one point
    const [was, is] = [isInside(last), isInside(point)];
    this.pointer.last = point;
    if (was && !is) {
      if (this.thinner) this.extend(borderBetween(last, point));
      this.end();
    } else if (!was && is) {
      if (this.begin(borderBetween(point, last), erase)) this.extend(point);
    } else if (is && this.thinner) this.extend(point);
  }

  pointerUp(event) {
    this.fingers.delete(event.pointerId);
    if (this.pointer?.id !== event.pointerId) return;
    this.moveTo({ ...this.pointAt(event), width: this.pointer.last.width }); // a lifted pen does not press
    this.pointer = null;
    this.end();
  }

  pointerCancel(event) {
    this.fingers.delete(event.pointerId);
    if (this.pointer?.id !== event.pointerId) return;
    // The browser takes a finger away when it begins to scroll; a pen or mouse just ends.
    if (this.pointer.isFinger) this.withdraw();
    else this.end();
    this.pointer = null;
  }

  // ---- Keyboard ----------------------------------------------------------------------------------------------------

  canvasKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step) this.moveCell(...step);
    else if (event.code === "Space") this.beginKeyStroke(event);
    else if (event.key === "Delete" || event.key === "Backspace") this.clear();
    else return;
    this.easel.classList.add("with-keyboard");
    event.preventDefault(); // the page must not scroll
    event.stopPropagation();
  }

  easelKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) this.undo();
    else if (key === "y" || key === "z") this.redo();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  beginKeyStroke({ shiftKey }) {
    if (this.keyStroke || this.pointer !== null) return; // a held key repeats itself
    this.keyStroke = this.begin(this.cellCentre(), shiftKey || this.erasing);
    if (this.keyStroke) this.say(`${shiftKey || this.erasing ? "Erased" : "Inked"} ${this.cellName()}.`);
  }

  endKeyStroke() {
    if (!this.keyStroke) return;
    this.keyStroke = false;
    this.end();
  }

  moveCell(right, down, { silent = false } = {}) {
    const { cell } = this;
    cell.column = clamp(cell.column + right, 0, GRID - 1);
    cell.row = clamp(cell.row + down, 0, GRID - 1);
    this.cellMark.style.transform = `translate(${cell.column * 100}%, ${cell.row * 100}%)`;
    if (this.keyStroke && this.thinner) this.extend(this.cellCentre());
    if (!silent) this.say(`${this.cellName()}, ${this.hasInk() ? "ink" : "empty"}`);
  }

  cellCentre() {
    const { column, row } = this.cell;
    return { x: (column + 0.5) / GRID, y: (row + 0.5) / GRID, width: NORMAL_WIDTH };
  }

  cellName() {
    return `row ${this.cell.row + 1}, column ${this.cell.column + 1}`;
  }

  hasInk() {
    const { x, y } = this.cellCentre();
    const side = this.canvas.width;
    return this.context.getImageData(Math.floor(x * side), Math.floor(y * side), 1, 1).data[0] > 127;
  }

  say(text) {
    this.spoken.textContent = text[0].toUpperCase() + text.slice(1);
  }
}

/** A background as something that a canvas can draw. */
function imageOf(background) {
  if (background === null) return null;
  const image = document.createElement("canvas");
  image.width = image.height = GRID;
  const context = image.getContext("2d");
  const pixels = context.createImageData(GRID, GRID);
  for (const [i, byte] of Array.from(atob(background)).entries()) {
    const grey = byte.charCodeAt(0);
    pixels.data.set([grey, grey, grey, 255], 4 * i);
  }
  context.putImageData(pixels, 0, 0);
  return image;
}

/** The nearest element around this one that scrolls. */
function scrollerOf(element) {
  for (let around = element; around !== null; around = around.parentElement) {
    const scrolls = /auto|scroll/.test(getComputedStyle(around).overflowY);
    if (scrolls && around.scrollHeight > around.clientHeight) return around;
  }
  return document.scrollingElement;
}

const easels = new WeakMap();

export default function show(component) {
  const { parentElement } = component;
  if (!easels.has(parentElement)) easels.set(parentElement, new Easel(parentElement));
  const easel = easels.get(parentElement);
  const call = ++easel.calls;
  easel.update(component);
  return () => {
    // Streamlit also cleans up after calls that a later one has overtaken.
    if (call !== easel.calls) return;
    easel.end();
    easel.keep();
    easel.ending.abort();
    easels.delete(parentElement);
  };
}
