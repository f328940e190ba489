// Which image is chosen, by pointer, keys and buttons. It is shown at once; Python hears a moment later.

const SETTLED = 150; // milliseconds: while a key is held down only the last choice travels

class BrowserView {
  constructor(root, memory) {
    this.memory = memory; // as in choice.js; a cell is [fingerprint of the images, place]
    this.large = new LargeImage(root);
    this.all = new Thumbnails(root);
    for (const name of ["back", "next", "here", "spoken", "grid"]) this[name] = root.querySelector(`.${name}`);
    this.grid.addEventListener("click", (event) => this.onClick(event));
    this.grid.addEventListener("keydown", (event) => this.onKey(event));
    this.back.addEventListener("click", () => this.onStep(-1));
    this.next.addEventListener("click", () => this.onStep(1));
  }

  update(readings, setStateValue) {
    this.send = setStateValue;
    const { memory } = this;
    const { fingerprint } = readings;
    obey(memory, readings);
    if (memory.cell?.[0] !== fingerprint) memory.cell = readings.ordered; // among other images
    if (fingerprint !== this.readings?.fingerprint) {
      clearTimeout(this.timer);
      this.all.build(readings);
    }
    this.readings = readings;
    this.all.name(readings);
    setAttribute(this.grid, "aria-label", readings.description);
    this.show();
  }

  get place() {
    return this.memory.cell[1];
  }

  show() {
    const { place, readings } = this;
    this.large.show(readings, place);
    if (place !== this.all.place) this.all.choose(place);
    setText(this.here, readings.position(place));
    // Not `disabled`: a button that is disabled loses the focus.
    setAttribute(this.back, "aria-disabled", String(place === 0));
    setAttribute(this.next, "aria-disabled", String(place === readings.length - 1));
  }

  /** Whether there was another image to choose. */
  choose(place) {
    const { memory, readings } = this;
    if (place === this.place || !(place >= 0 && place < readings.length)) return false;
    memory.cell = [readings.fingerprint, place];
    memory.count++;
    this.show();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send("chosen", [...memory.cell, memory.count]), SETTLED);
    return true;
  }

  onClick(event) {
    this.choose(this.all.tiles.indexOf(event.target.closest(".tile")));
  }

  onStep(step) {
    if (!this.choose(this.place + step)) return;
    setText(this.spoken, `${this.readings.says(this.place)}; ${this.readings.position(this.place)}`);
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const { place, all } = this;
    const last = this.readings.length - 1;
    const to = {
      ArrowLeft: () => place - 1,
      ArrowRight: () => place + 1,
      ArrowUp: () => place - all.columns,
      ArrowDown: () => place + all.columns,
      PageUp: () => Math.max(0, place - all.rows * all.columns),
      PageDown: () => Math.min(last, place + all.rows * all.columns),
      Home: () => 0,
      End: () => last,
    }[event.key];
    if (!to) return;
    event.preventDefault();
    this.choose(to());
  }
}

const views = new WeakMap(); // place in the page -> its view
const memories = new Map(); // key -> what is chosen there, also while the page shows something else

// Hands back no clean-up: Streamlit runs it when newer data overtake this call, too.
export default function ({ data, parentElement, setStateValue }) {
  const readings = new Readings(data);
  if (!memories.has(readings.key)) memories.set(readings.key, newMemory());
  const root = parentElement.querySelector(".browser");
  let view = views.get(parentElement);
  if (view?.root !== root) {
    view = new BrowserView(root, memories.get(readings.key));
    views.set(parentElement, Object.assign(view, { root }));
  }
  view.update(readings, setStateValue);
}
