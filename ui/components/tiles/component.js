// Draws tiles that arrive as one byte a number, and tells Python which of them is chosen.
// Choice, focus, scroll position and unchanged pictures are left alone when new tiles arrive.

const STEPS = 127; // a code of 127 stands for the largest magnitude of the scale
const MISSING = -128; // the code of a number that is not finite
const COLOURS = 256 * 3; // bytes of one theme's colour table, indexed by code + 128
const TOUCHABLE = 32; // CSS pixels: a narrower tile is hard to hit with a finger
const GAP = 6; // CSS pixels between two pictures, about

const views = new WeakMap(); // place in the page -> its view

// Hands back no clean-up: Streamlit runs it not only when the component leaves the page but also when
// newer data overtake this call, and the view has to outlive that. Without its elements it is garbage.
export default function ({ data, parentElement, setStateValue }) {
  let view = views.get(parentElement);
  if (!view || !view.grid.isConnected) {
    view = new TilesView(parentElement);
    views.set(parentElement, view);
  }
  view.update(unpack(data), setStateValue);
}

// The counterpart of `pack` in __init__.py.
function unpack(bytes) {
  const start = 4;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(start, start + length)));
  const light = start + length;
  const dark = light + COLOURS;
  const peaks = dark + COLOURS;
  const codes = peaks + 4 * header.units.length;
  return {
    ...header,
    off: new Set(header.off),
    table: { light: bytes.slice(light, dark), dark: bytes.slice(dark, peaks) },
    peaks: new Float32Array(bytes.slice(peaks, codes).buffer),
    codes: new Int8Array(bytes.slice(codes).buffer), // (units, h, w)
  };
}

class TilesView {
  constructor(root) {
    this.root = root;
    this.grid = root.querySelector(".grid");
    this.scroller = root.querySelector(".scroller");
    this.status = root.querySelector(".status");
    this.point = Object.assign(document.createElement("div"), { className: "point" });
    this.tiles = []; // one for each place in the grid, whatever unit it shows at the moment
    this.strips = []; // one canvas for each row: hundreds of canvases would make scrolling slow
    this.frame = null; // what Python sent last
    this.held = null; // {unit, row, column} that focus, click or keys point at
    this.hovered = null; // the same for the mouse, as long as it is over the grid

    this.grid.addEventListener("click", (event) => this.onClick(event));
    this.grid.addEventListener("keydown", (event) => this.onKey(event));
    this.grid.addEventListener("focusin", (event) => this.onFocus(event));
    this.grid.addEventListener("pointermove", (event) => this.onPointer(event));
    this.grid.addEventListener("pointerleave", () => this.read({ hovered: null }));
    new ResizeObserver(() => this.onResize()).observe(this.scroller);
  }

  // ---- what Python sends -------------------------------------------------------------------

  update(frame, setStateValue) {
    const before = this.frame;
    const hadFocus = this.grid.contains(this.root.activeElement);
    this.frame = frame;
    this.send = setStateValue;
    this.place = new Map(frame.units.map((unit, place) => [unit, place]));

    if (!before) {
      this.chosen = frame.chosen;
    } else if (frame.selected !== before.selected && frame.selected !== this.chosen) {
      this.choose(frame.selected); // the page itself has moved the choice
    }

    const theme = this.theme();
    const repaint = theme !== this.paintedTheme || frame.diverging !== before?.diverging;
    this.paintedTheme = theme;
    this.colours = frame.table[theme];

    this.grid.setAttribute("aria-label", frame.description);
    this.grid.classList.toggle("may-be-marked", frame.marks !== null || frame.off.size > 0);
    this.scroller.classList.toggle("limited", frame.height !== null);
    this.scroller.style.maxHeight = frame.height === null ? "" : `${frame.height}px`;
    while (this.tiles.length < frame.units.length) this.addTile();
    while (this.tiles.length > frame.units.length) this.tiles.pop().element.remove();
    this.tiles.forEach((tile, place) => this.describe(tile, place));
    this.layOut();
    this.drawAll(repaint);
    this.drawLegend(repaint);
    this.markChoice();
    if (hadFocus && this.place.has(this.held?.unit)) this.focus(this.held.unit);
    this.showReading(false);
  }

  // Streamlit hands its colours over as variables; light text means a dark page.
  theme() {
    const [red, green, blue] = getComputedStyle(this.status).color.match(/[\d.]+/g).map(Number);
    return red + green + blue > 384 ? "dark" : "light";
  }

  addTile() {
    const element = document.createElement("div");
    element.className = "tile";
    element.setAttribute("role", "option");
    element.innerHTML =
      '<span class="picture"></span>' +
      '<span class="caption"></span><span class="label"></span><span class="mark"></span>';
    const [picture, caption, label, mark] = element.children;
    this.tiles.push({ element, picture, caption, label, mark, codes: null });
    this.grid.append(element);
  }

  // A strip has one dot a number and the style sheet enlarges it without blur: so the browser does
  // the right thing for every screen density, and a tile costs h * w dots, only when it changes.
  drawAll(repaint) {
    const { h, w, codes } = this.frame;
    const image = new ImageData(w, h);
    this.tiles.forEach((tile, place) => {
      const mine = codes.subarray(place * h * w, (place + 1) * h * w);
      if (!repaint && tile.codes && mine.every((code, i) => code === tile.codes[i])) return;
      tile.codes = mine;
      paint(mine, w, image, this.colours);
      const strip = this.strips[Math.floor(place / this.columns)];
      strip.getContext("2d").putImageData(image, (place % this.columns) * (w + this.gap), 0);
    });
  }

  describe(tile, place) {
    const { units, labels, marks, off } = this.frame;
    const unit = units[place];
    const isOff = off.has(unit);
    const words = [isOff ? "off" : "", marks?.[place]].filter(Boolean).join(", ");
    setText(tile.caption, String(unit));
    setText(tile.label, labels?.[place] ?? "");
    setText(tile.mark, words);
    tile.element.classList.toggle("off", isOff);
    tile.element.classList.toggle("marked", Boolean(marks?.[place]));
    setAttribute(tile.element, "aria-label", this.facts(place).join(", "));
  }

  // What there is to say about a tile, for the line below the grid and for screen readers alike.
  facts(place) {
    const { units, labels, marks, details, off, noun, quantity, peaks } = this.frame;
    return [
      `${noun} ${units[place]}`,
      `largest ${quantity} ${format(peaks[place])}`,
      off.has(units[place]) ? "switched off" : "",
      marks?.[place],
      labels?.[place],
      details?.[place],
    ].filter(Boolean);
  }

  drawLegend(repaint) {
    const { limit, diverging, quantity, peaks, noun } = this.frame;
    const bar = this.root.querySelector(".bar");
    const codes = Int8Array.from({ length: diverging ? 2 * STEPS + 1 : STEPS + 1 }, (_, i) =>
      diverging ? i - STEPS : i,
    );
    if (repaint) {
      bar.width = codes.length;
      const image = new ImageData(codes.length, 1);
      paint(codes, codes.length, image, this.colours);
      bar.getContext("2d").putImageData(image, 0, 0);
    }
    const smallest = peaks.reduce((a, b) => Math.min(a, b));
    const largest = peaks.reduce((a, b) => Math.max(a, b));
    const sign = diverging ? "±" : "";
    const own =
      `each ${noun} on its own scale, up to ${sign} its largest ${quantity} ` +
      `(${format(smallest)} to ${format(largest)})`;
    const end = limit === null ? `its largest ${quantity}` : format(limit);
    setText(this.root.querySelector(".low"), diverging ? `−${limit === null ? "" : end}` : "0");
    setText(this.root.querySelector(".high"), limit === null ? "+" : `${diverging ? "+" : ""}${end}`);
    const shared = diverging ? `${quantity}; the middle is 0` : quantity;
    setText(this.root.querySelector(".wording"), limit === null ? own : shared);
  }

  // ---- layout ------------------------------------------------------------------------------

  onResize() {
    if (!this.frame) return;
    this.layOut();
    this.drawAll(false);
  }

  // Half as many columns until a tile is wide enough to be touched: full rows stay full rows.
  layOut() {
    const { h, w, size } = this.frame;
    const room = this.scroller.clientWidth;
    let columns = this.frame.columns;
    while (columns > 1 && room / columns < TOUCHABLE) columns = Math.ceil(columns / 2);
    const widest = Math.max(TOUCHABLE, Math.min(room / columns, size + GAP));
    const gap = Math.max(1, Math.round((GAP * w) / (widest - GAP))); // in dots of the strip
    const dot = dotSize(widest, w + gap);

    const shape = [this.tiles.length, h, w, columns, gap].join();
    if (shape !== this.shape) {
      Object.assign(this, { shape, columns, gap });
      this.makeStrips();
    }
    setStyle(this.grid, "gridTemplateColumns", `repeat(${columns}, ${dot * (w + gap)}px)`);
    for (const { picture } of this.tiles) {
      setStyle(picture, "width", `${dot * w}px`);
      setStyle(picture, "height", `${dot * h}px`);
    }
    for (const strip of this.strips) setStyle(strip, "width", `${dot * strip.width}px`);
  }

  // A strip hangs in the first picture of its row and reaches over the others, behind their frames.
  makeStrips() {
    for (const strip of this.strips) strip.remove();
    this.strips = [];
    for (let place = 0; place < this.tiles.length; place += this.columns) {
      const strip = document.createElement("canvas");
      strip.className = "strip";
      strip.width = this.columns * (this.frame.w + this.gap) - this.gap;
      strip.height = this.frame.h;
      this.tiles[place].picture.prepend(strip);
      this.strips.push(strip);
    }
    for (const tile of this.tiles) tile.codes = null;
  }

  // ---- choosing and reading ----------------------------------------------------------------

  choose(unit) {
    if (unit === this.chosen) return;
    this.chosen = unit;
    this.markChoice();
    this.send("chosen", unit);
  }

  // One tile is in the tab order: the one last pointed at, else the chosen, else the first.
  markChoice() {
    const stop = [this.held?.unit, this.chosen].find((unit) => this.place.has(unit));
    this.tiles.forEach(({ element }, place) => {
      const unit = this.frame.units[place];
      setAttribute(element, "aria-selected", String(unit === this.chosen));
      element.tabIndex = unit === (stop ?? this.frame.units[0]) ? 0 : -1;
    });
  }

  focus(unit) {
    const { element } = this.tiles[this.place.get(unit)];
    if (element !== this.root.activeElement) element.focus({ preventScroll: true });
  }

  unitOf(event) {
    const element = event.target.closest(".tile");
    return this.frame.units[this.tiles.findIndex((tile) => tile.element === element)];
  }

  // {unit, row, column} under the pointer; without row and column beside the picture.
  spotOf(event) {
    const unit = this.unitOf(event);
    if (unit === undefined) return null;
    const { h, w } = this.frame;
    const box = this.tiles[this.place.get(unit)].picture.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * h);
    const column = Math.floor(((event.clientX - box.left) / box.width) * w);
    const inside = row >= 0 && row < h && column >= 0 && column < w;
    return inside ? { unit, row, column } : { unit };
  }

  onClick(event) {
    const spot = this.spotOf(event);
    if (!spot) return;
    this.read({ held: spot });
    this.choose(spot.unit);
  }

  onPointer(event) {
    if (event.pointerType !== "touch") this.read({ hovered: this.spotOf(event) });
  }

  onFocus(event) {
    const unit = this.unitOf(event);
    if (unit !== undefined && unit !== this.held?.unit) this.read({ held: { unit } });
    this.markChoice();
  }

  onKey(event) {
    const unit = this.unitOf(event);
    if (unit === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (step && (event.shiftKey || this.tiles.length === 1)) this.moveReading(unit, step);
    else if (step) this.moveFocus(this.place.get(unit) + step[0] * this.columns + step[1]);
    else if (event.key === "Home") this.moveFocus(0);
    else if (event.key === "End") this.moveFocus(this.tiles.length - 1);
    else if (event.key === "Enter" || event.key === " ") this.choose(unit);
    else if (event.key === "Escape") this.choose(null);
    else return;
    event.preventDefault();
  }

  moveFocus(place) {
    if (place < 0 || place >= this.tiles.length) return;
    this.hovered = null;
    this.tiles[place].element.focus();
  }

  moveReading(unit, [down, right]) {
    const { h, w } = this.frame;
    const within = (value, size) => Math.max(0, Math.min(size - 1, value));
    const { row, column } = this.held?.row === undefined
      ? { row: (h >> 1) - down, column: (w >> 1) - right } // the first key press reads the middle
      : this.held;
    const held = { unit, row: within(row + down, h), column: within(column + right, w) };
    this.read({ held, hovered: null });
  }

  read(change) {
    Object.assign(this, change);
    this.showReading("held" in change);
  }

  // Read aloud what the reader asks for, not what changes by itself twice a second.
  showReading(aloud) {
    const spot = this.hovered ?? this.held ?? { unit: this.chosen };
    const place = this.place.get(spot.unit);
    this.status.setAttribute("aria-live", aloud && spot.row !== undefined ? "polite" : "off");
    if (place === undefined) {
      this.point.remove();
      const hint = "Click or tap a tile, or use the arrow keys and Enter. Shift and an arrow key read one ";
      setText(this.status, `${hint}${this.frame.quantity}.`);
      return;
    }
    const { h, w, limit, peaks, quantity } = this.frame;
    const facts = this.facts(place);
    if (spot.row < h && spot.column < w) {
      const code = this.tiles[place].codes[spot.row * w + spot.column];
      const value = (code * (limit ?? peaks[place])) / STEPS;
      const number = code === MISSING ? "not a finite number" : format(value);
      facts.splice(1, 0, `${quantity} in row ${spot.row}, column ${spot.column}: ${number}`);
      Object.assign(this.point.style, {
        left: `${(100 * spot.column) / w}%`,
        top: `${(100 * spot.row) / h}%`,
        width: `${100 / w}%`,
        height: `${100 / h}%`,
      });
      if (this.point.parentElement !== this.tiles[place].picture) {
        this.tiles[place].picture.append(this.point);
      }
    } else {
      this.point.remove();
    }
    setText(this.status, facts.join(" · "));
  }
}

// A missing number is chequered in grey and the colour of zero, so that it looks like no number.
function paint(codes, width, image, colours) {
  for (let i = 0; i < codes.length; i++) {
    const isLight = codes[i] === MISSING && ((i % width) + Math.floor(i / width)) % 2 === 0;
    const from = 3 * (isLight ? -MISSING : codes[i] - MISSING);
    image.data[4 * i] = colours[from];
    image.data[4 * i + 1] = colours[from + 1];
    image.data[4 * i + 2] = colours[from + 2];
    image.data[4 * i + 3] = 255;
  }
}

// CSS pixels for one of `count` numbers side by side: a whole number of the screen's own dots, so
// that all are equally wide, unless that would waste a fifth of the room or make a tile too narrow.
function dotSize(room, count) {
  const crisp = Math.floor((room * devicePixelRatio) / count) / devicePixelRatio;
  return crisp * count >= Math.max(0.8 * room, TOUCHABLE) ? crisp : room / count;
}

function format(number) {
  return String(Number(number.toPrecision(3))).replace("-", "−");
}

// The browser recomputes less when what has not changed is not set again.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function setStyle(element, name, value) {
  if (element.style[name] !== value) element.style[name] = value;
}
