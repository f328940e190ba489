// The grid: what it shows of each tile, and how large. Unchanged pictures are left alone when new tiles arrive.

const TOUCHABLE = 32; // CSS pixels: a narrower tile is hard to hit with a finger
const GAP = 6; // CSS pixels between two pictures, about

class Grid {
  constructor(root) {
    this.root = root;
    this.grid = root.querySelector(".grid");
    this.scroller = root.querySelector(".scroller");
    this.status = root.querySelector(".status");
    this.point = Object.assign(document.createElement("div"), { className: "point" });
    this.tiles = []; // one for each place in the grid, whatever unit it shows at the moment
    this.strips = []; // one canvas for each row: hundreds of canvases would make scrolling slow
    this.frame = null; // what Python sent last

    new ResizeObserver(() => this.onResize()).observe(this.scroller);
  }

  // ---- what Python sends -------------------------------------------------------------------

  update(frame, setStateValue) {
    const before = this.frame;
    const hadFocus = this.grid.contains(this.root.activeElement);
    this.frame = frame;
    this.send = setStateValue;
    this.place = new Map(frame.units.map((unit, place) => [unit, place]));

    if (!before) this.chosen = frame.chosen;

    const theme = themeOf(this.status);
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

  addTile() {
    const element = document.createElement("div");
    element.className = "tile";
    element.setAttribute("role", "option");
    element.innerHTML =
      '<span class="picture"></span>' +
      '<span class="caption"></span> <span class="label"></span> <span class="mark"></span>';
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

  // What there is to say about a tile, for the line below the grid and for screen readers alike: first
  // what stands under it, in the same words, so that who speaks those words to a computer means this tile.
  facts(place) {
    const { units, labels, marks, details, off, noun, quantity, peaks, diverging } = this.frame;
    return [
      `${noun} ${units[place]}`,
      labels?.[place],
      off.has(units[place]) ? "off" : "",
      marks?.[place],
      `largest ${quantity} ${diverging ? "in size " : ""}${format(peaks[place])}`,
      details?.[place],
    ].filter(Boolean);
  }

  drawLegend(repaint) {
    const { limit, diverging, quantity, peaks, noun } = this.frame;
    if (repaint) paintScale(this.root.querySelector(".bar"), diverging, this.colours);
    const smallest = peaks.reduce((a, b) => Math.min(a, b));
    const largest = peaks.reduce((a, b) => Math.max(a, b));
    const sign = diverging ? "±" : "";
    const [from, to] = [format(smallest), format(largest)];
    const own =
      `each ${noun} on its own scale, up to ${sign} its largest ${quantity} ` +
      `(${from === to ? to : `${from} to ${to}`})`;
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
}

// CSS pixels for one of `count` numbers side by side: a whole number of the screen's own dots, so
// that all are equally wide, unless that would waste a fifth of the room or make a tile too narrow.
function dotSize(room, count) {
  const crisp = Math.floor((room * devicePixelRatio) / count) / devicePixelRatio;
  return crisp * count >= Math.max(0.8 * room, TOUCHABLE) ? crisp : room / count;
}
