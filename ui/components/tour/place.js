// Where the bubble may stand: beside its element, and over nothing that one may want to use.
// Boxes have left, top, right, bottom, in CSS pixels of the window.

const EDGE = 8; // pixels that stay free around the bubble
const DISTANCES = [14, 40, 70, 100]; // between the bubble and its element
const COMPONENTS = "[data-testid^=stBidiComponent]";
const CONTROLS = "button, a, input, summary, [role=listbox], [role=slider], [data-baseweb=select]";
// The row of Start and the paper that one draws on are never covered.
const NEVER = ".stHorizontalBlock:has(> .st-key-start), .easel canvas";
const COST = { never: 1000, element: 50, control: 10, pixel: 0.1 };

/** The first element that fits a step, null where there is none to be seen. */
function elementOf({ element, inside }) {
  const outer = document.querySelector(element);
  const found = inside ? outer?.shadowRoot?.querySelector(inside) : outer;
  const box = found?.getBoundingClientRect();
  return box && box.width && box.height ? found : null;
}

function inView({ left, top, right, bottom }) {
  return right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
}

/** What the bubble should not cover, with what it costs to do so. */
function obstacles(own) {
  const components = [...document.querySelectorAll(COMPONENTS)].map((host) => host.shadowRoot);
  const roots = [document, ...components].filter((root) => root && root !== own);
  const found = (selector, cost) =>
    roots.flatMap((root) => [...root.querySelectorAll(selector)])
      .map((element) => ({ box: element.getBoundingClientRect(), cost }));
  return [...found(NEVER, COST.never), ...found(CONTROLS, COST.control)];
}

function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/** The pixels between two boxes, across and down together. */
function distance(a, b) {
  const across = Math.max(a.left - b.right, b.left - a.right, 0);
  return across + Math.max(a.top - b.bottom, b.top - a.bottom, 0);
}

/** What it costs to have the bubble in a box. */
function costOf(box, things) {
  return things.reduce((sum, thing) => sum + (overlap(box, thing.box) ? thing.cost : 0), 0);
}

/** Whether a box of the bubble is as a whole in the window. */
function fits({ left, top, right, bottom }) {
  return left >= EDGE && top >= EDGE && right <= innerWidth - EDGE && bottom <= innerHeight - EDGE;
}

function boxAt(left, top, { width, height }) {
  return { left, top, right: left + width, bottom: top + height };
}

/** Boxes of the bubble's size around its element, below it first, and in the corners of the window. */
function candidates(box, size) {
  const last = { left: innerWidth - EDGE - size.width, top: innerHeight - EDGE - size.height };
  const across = [box.left, (box.left + box.right - size.width) / 2, box.right - size.width]
    .map((left) => Math.max(EDGE, Math.min(left, last.left)));
  const down = [box.top, (box.top + box.bottom - size.height) / 2, box.bottom - size.height];
  const beside = DISTANCES.flatMap((distance) => [
    ...across.map((left) => [left, box.bottom + distance]),
    ...across.map((left) => [left, box.top - distance - size.height]),
    ...down.map((top) => [box.right + distance, top]),
    ...down.map((top) => [box.left - distance - size.width, top]),
  ]);
  const corners = [EDGE, last.left].flatMap((left) => [[left, last.top], [left, EDGE]]);
  return [...beside, ...corners]
    .map(([left, top]) => boxAt(left, top, size))
    .filter(fits);
}

/** The box that costs least, of equals the first; null where each would cover what must be free. */
function bestPlace(box, size, things) {
  const all = [...things, { box, cost: COST.element }];
  let best = null;
  let least = COST.never;
  for (const candidate of candidates(box, size)) {
    const cost = costOf(candidate, all) + distance(candidate, box) * COST.pixel;
    if (cost < least) [best, least] = [candidate, cost];
  }
  return best;
}
