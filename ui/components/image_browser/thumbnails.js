// All images small, in as many columns as fit. They are painted when they come near to being seen.

const NEAR = "200px"; // below and above what is in sight

class Thumbnails {
  tiles = [];
  place = null; // of the one that is chosen

  constructor(root) {
    this.scroller = root.querySelector(".scroller");
    this.grid = root.querySelector(".grid");
    this.signs = root.querySelector(".signs");
    this.legend = root.querySelector(".legend");
    this.painter = new IntersectionObserver((entries) => this.onSight(entries), {
      root: this.scroller,
      rootMargin: `${NEAR} 0px`,
    });
    new ResizeObserver(() => this.bringIntoSight()).observe(this.scroller);
  }

  /** Other images, none of which is chosen yet. */
  build(readings) {
    this.readings = readings;
    this.painter.disconnect();
    this.tiles = Array.from({ length: readings.length }, (_, place) => newTile(place));
    this.grid.replaceChildren(...this.tiles);
    this.tiles.forEach((tile) => this.painter.observe(tile));
    this.place = null;
  }

  /** The words below and about the images, and their signs. */
  name(readings) {
    this.readings = readings;
    this.tiles.forEach((tile, place) => {
      const verdict = readings.verdict(place);
      setAttribute(tile.lastChild, "data-sign", readings.captions[place]); // its label says it in words
      setAttribute(tile, "aria-label", readings.says(place));
      setAttribute(tile, "data-verdict", verdict);
    });
    const all = ["", "", "both networks ", "all networks "][readings.readers.length];
    const signs = Object.entries(SIGNS).map(([verdict, sign]) => `${sign} ${all}${verdict}`);
    setText(this.signs, signs.join(" · "));
    setText(this.legend, readings.legend);
  }

  onSight(entries) {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      this.painter.unobserve(target);
      this.readings.paint(target.firstChild, this.tiles.indexOf(target));
    }
  }

  choose(place) {
    if (this.place !== null) setAttribute(this.tiles[this.place], "aria-selected", "false");
    this.place = place;
    setAttribute(this.tiles[place], "aria-selected", "true");
    setAttribute(this.grid, "aria-activedescendant", this.tiles[place].id);
    this.bringIntoSight();
  }

  /** Scroll within the grid alone, and no further than need be: the page stays where it is. */
  bringIntoSight() {
    if (this.place === null) return;
    const { offsetTop, offsetHeight } = this.tiles[this.place];
    const { scrollTop, clientHeight } = this.scroller;
    const lowest = offsetTop + offsetHeight - clientHeight + 4;
    this.scroller.scrollTop = Math.max(lowest, Math.min(offsetTop - 4, scrollTop));
  }

  /** How many images a row holds. */
  get columns() {
    return getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
  }

  /** How many rows are in sight. */
  get rows() {
    return Math.max(1, Math.floor(this.scroller.clientHeight / this.tiles[0].offsetHeight));
  }
}

const SIGNS = { right: "✓", wrong: "×" };

function newTile(place) {
  const tile = document.createElement("div");
  Object.assign(tile, { id: `image-${place}`, className: "tile" });
  tile.setAttribute("role", "option");
  tile.setAttribute("aria-selected", "false");
  const canvas = Object.assign(document.createElement("canvas"), { width: 28, height: 28 });
  const caption = Object.assign(document.createElement("span"), { className: "caption" });
  tile.append(canvas, caption);
  return tile;
}
