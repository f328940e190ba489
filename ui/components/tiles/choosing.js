// Choosing a tile and reading its numbers, by pointer and by keys; Python is told which one is chosen.
// Choice, focus and scroll position are left alone when new tiles arrive.

class TilesView extends Grid {
  held = null; // {unit, row, column} that focus, click or keys point at
  hovered = null; // the same for the mouse, as long as it is over the grid

  constructor(root) {
    super(root);
    this.grid.addEventListener("click", (event) => this.onClick(event));
    this.grid.addEventListener("keydown", (event) => this.onKey(event));
    this.grid.addEventListener("focusin", (event) => this.onFocus(event));
    this.grid.addEventListener("pointermove", (event) => this.onPointer(event));
    this.grid.addEventListener("pointerleave", () => this.read({ hovered: null }));
  }

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
    this.status.classList.toggle("hint", place === undefined);
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
