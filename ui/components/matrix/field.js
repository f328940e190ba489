// The picture: how large its cells are, where the chosen one is, and what the colours stand for.

const LEAST = 5; // CSS pixels of a cell: what is narrower can't be told apart
const EASY = 8; // CSS pixels of a cell in a matrix that has to be scrolled anyway
const LABEL = 26; // CSS pixels that a label below a bar needs, about

class Field {
  constructor(root) {
    this.root = root;
    for (const name of ["scroller", "field", "numbers", "blocks", "labels", "status"]) {
      this[name] = root.querySelector(`.${name}`);
    }
    this.outline = root.querySelector(".chosen");
    this.steps = [...root.querySelectorAll(".steps button")];
    this.frame = null; // what Python sent last
    this.cell = null; // [row, column] that is chosen
    new ResizeObserver(() => this.frame && this.layOut()).observe(this.scroller);
  }

  show(frame) {
    this.frame = frame;
    this.colours = frame.tables[themeOf(this.status)];
    setAttribute(this.field, "aria-label", frame.description);
    setStyle(this.scroller, "maxHeight", frame.labels ? "" : `${frame.height + 24}px`);
    for (const button of this.steps) button.hidden = stepOf(button).every((step, axis) => !step || frame.shape[axis] === 1);
    this.size = null;
    this.layOut();
    this.drawLegend();
  }

  // ---- layout ------------------------------------------------------------------------------

  layOut() {
    const { shape, labels, height } = this.frame;
    const [wide, high] = labels ? this.sizeOfBar() : this.sizeOfCell();
    const size = [wide, high].join();
    if (size !== this.size) {
      Object.assign(this, { size, wide, high });
      if (labels) drawBars(this.numbers, this.frame, this.colours, wide, height);
      else drawCells(this.numbers, this.frame, this.colours);
      for (const element of [this.field, this.numbers]) setStyle(element, "width", `${wide * shape[1]}px`);
      setStyle(this.numbers, "height", `${high * shape[0]}px`);
      this.drawBlocks();
      this.drawLabels();
    }
    this.placeOutline();
  }

  room() {
    const style = getComputedStyle(this.scroller);
    return this.scroller.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  }

  // Square, and all of them in sight if they can be told apart then.
  sizeOfCell() {
    const { shape: [rows, columns], cell, height } = this.frame;
    const fitting = Math.min(cell, height / rows);
    const share = this.room() / columns;
    const side = crisp(Math.max(LEAST, Math.min(fitting, share < LEAST ? EASY : share)));
    // One row or column alone would be a thread.
    return [columns === 1 ? cell : side, rows === 1 ? cell : side];
  }

  sizeOfBar() {
    const { shape: [, columns], cell, height } = this.frame;
    return [crisp(Math.max(LEAST, Math.min(cell, this.room() / columns))), height];
  }

  // ---- what lies over the numbers ----------------------------------------------------------

  drawBlocks() {
    const { blocks, first_row, first_column } = this.frame;
    this.blocks.hidden = !blocks;
    if (!blocks) return;
    const [tall, broad] = [blocks[0] * this.high, blocks[1] * this.wide];
    setStyle(this.blocks, "backgroundSize", `${broad}px 100%, 100% ${tall}px`);
    const [left, top] = [-first_column * this.wide, -first_row * this.high];
    setStyle(this.blocks, "backgroundPosition", `${left}px 0, 0 ${top}px`);
  }

  // As many labels as there is room for, evenly spread.
  drawLabels() {
    const labels = this.frame.labels ?? [];
    const every = Math.ceil(LABEL / this.wide);
    const spans = labels.flatMap((label, place) => {
      if (place % every) return [];
      const span = Object.assign(document.createElement("span"), { textContent: label });
      span.style.left = `${(place + 0.5) * this.wide}px`;
      return [span];
    });
    this.labels.replaceChildren(...spans);
    setStyle(this.labels, "height", labels.length ? "16px" : "");
  }

  /** [row, column] within what is shown; null if nothing is chosen or it is out of sight. */
  get place() {
    if (!this.cell) return null;
    const { shape, first_row, first_column } = this.frame;
    const place = [this.cell[0] - first_row, this.cell[1] - first_column];
    return place.every((at, axis) => at >= 0 && at < shape[axis]) ? place : null;
  }

  placeOutline() {
    const { place, wide, high } = this;
    this.outline.hidden = !place;
    if (!place) return;
    const [row, column] = place;
    const box = { left: column * wide, top: row * high, width: wide, height: high };
    for (const [name, pixels] of Object.entries(box)) setStyle(this.outline, name, `${pixels}px`);
  }

  /** Scroll within the picture, never the page. */
  bringIntoSight() {
    if (!this.place) return;
    const [row, column] = this.place;
    const { scroller } = this;
    scroller.scrollLeft = within(scroller.scrollLeft, (column + 2) * this.wide - this.room(), (column - 1) * this.wide);
    const bottom = (row + 2) * this.high - scroller.clientHeight;
    scroller.scrollTop = within(scroller.scrollTop, bottom, (row - 1) * this.high);
  }

  drawLegend() {
    const { bothSigns, diverging, peak, quantity } = this.frame;
    const bar = this.root.querySelector(".bar");
    paintScale(bar, bothSigns, this.colours);
    setStyle(bar, "display", peak ? "" : "none"); // of zeros alone there is no scale
    setText(this.root.querySelector(".low"), bothSigns ? format(-peak) : "0");
    setText(this.root.querySelector(".high"), peak ? `${diverging ? "+" : ""}${format(peak)}` : "");
    const middle = bothSigns ? `${quantity}; the middle is 0` : quantity;
    setText(this.root.querySelector(".wording"), [middle, ...directionsInWords(this.frame)].join(" · "));
  }
}

/** How far a button goes: [rows, columns]. */
function stepOf(button) {
  return button.dataset.step.split(" ").map(Number);
}

/** A length in CSS pixels that is a whole number of the screen's own dots. */
function crisp(length) {
  return Math.floor(length * devicePixelRatio) / devicePixelRatio;
}

function within(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
