// Mouse, pen and fingers. Where there is a pen, what else touches the canvas is the palm of its hand.

const PEN_IS_NEAR = 1000; // milliseconds after a pen was last heard of, in which nothing else draws
const PALM_BEFORE_PEN = 500; // milliseconds between a palm's lifting and the pen's coming down

/** Where the way from an inner point to an outer one crosses the canvas's border. */
function borderBetween(inner, outer) {
  const share = (from, to) => (to < 0 ? from / (from - to) : to > 1 ? (1 - from) / (to - from) : 1);
  const t = Math.min(share(inner.x, outer.x), share(inner.y, outer.y));
  return { ...outer, x: inner.x + t * (outer.x - inner.x), y: inner.y + t * (outer.y - inner.y) };
}

const isInside = ({ x, y }) => x >= 0 && x <= 1 && y >= 0 && y <= 1;

class Pointers extends Strokes {
  pointer = null; // { id, last } of the pointer that draws
  fingers = new Map(); // of the fingers on the canvas: pointer id -> height on the screen
  penSeen = -Infinity; // when a pen last touched the canvas or hovered over it
  byFinger = null; // { ended, length } of the last stroke of a finger: when, and how long the journal was then

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
    const isFinger = event.pointerType === "touch";
    if (isFinger) {
      this.fingers.set(event.pointerId, event.clientY);
      if (this.fingers.size > 1) this.withdrawFinger(); // whatever the fingers do now is the page's
      if (this.fingers.size > 1 || event.timeStamp - this.penSeen < PEN_IS_NEAR) return;
    }
    if (event.pointerType === "pen") this.penComes(event);
    const eraserEnd = event.button === 5 && event.pointerType === "pen";
    if (this.pointer !== null || (event.button !== 0 && !eraserEnd)) return;
    this.endKeyStroke();
    const point = this.pointAt(event);
    const erase = this.erasing || eraserEnd;
    if (!this.begin(point, erase)) return;
    this.pointer = { id: event.pointerId, last: point, erase, isFinger };
    this.canvas.setPointerCapture(event.pointerId);
  }

  withdrawFinger() {
    if (!this.pointer?.isFinger) return;
    this.withdraw();
    this.pointer = null;
  }

  /** What the palm has drawn is taken back, be it still there or lifted just now. */
  penComes({ timeStamp }) {
    this.penSeen = timeStamp;
    this.withdrawFinger();
    const { ended, length } = this.byFinger ?? {};
    if (timeStamp - ended < PALM_BEFORE_PEN && length === this.journal.text.length) this.command("!");
    this.byFinger = null;
  }

  pointerMove(event) {
    if (event.pointerType === "pen") this.penSeen = event.timeStamp;
    const isMouse = event.pointerType !== "touch";
    this.easel.classList.toggle("with-mouse", isMouse);
    if (isMouse) {
      const { left, top } = this.canvas.getBoundingClientRect();
      const [x, y] = [event.clientX - left, event.clientY - top];
      this.ring.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
    }
    if (this.fingers.size > 1 && this.pointer === null) this.scroll(event);
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
    const { isFinger } = this.pointer;
    this.pointer = null;
    this.end();
    if (isFinger) this.byFinger = { ended: event.timeStamp, length: this.journal.text.length };
  }

  pointerCancel(event) {
    this.fingers.delete(event.pointerId);
    if (this.pointer?.id !== event.pointerId) return;
    this.withdrawFinger(); // the browser takes one away when it begins to scroll
    if (this.pointer !== null) this.end(); // a pen or mouse just ends
    this.pointer = null;
  }
}

/** The nearest element around this one that scrolls. */
function scrollerOf(element) {
  for (let around = element; around !== null; around = around.parentElement) {
    const scrolls = /auto|scroll/.test(getComputedStyle(around).overflowY);
    if (scrolls && around.scrollHeight > around.clientHeight) return around;
  }
  return document.scrollingElement;
}
