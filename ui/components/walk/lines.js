// The arrows between the stops, drawn behind them: forward, around the turn, backward, and to the sides.

const HEAD = 5; // CSS pixels of an arrow's head
const AIR = 1; // between a line and a stop
const BEND = 18; // radius of the turn

function drawLines(svg, views, chosen) {
  const track = svg.parentElement;
  const boxes = views.map(({ element }) => boxOf(element, track));
  const paths = views.flatMap(({ stop }, place) => {
    if (stop.source === null) return [];
    const path = pathBetween(views[stop.source].stop, stop, boxes[stop.source], boxes[place]);
    return `<path class="${place <= chosen ? "done" : "ahead"}" d="${path}"/>`;
  });
  svg.innerHTML = paths.join("");
}

// Where a stop is in the track, and the height at which the lines meet it: that of its picture.
function boxOf(element, track) {
  const outer = track.getBoundingClientRect();
  const box = element.getBoundingClientRect();
  const picture = element.querySelector(".picture").getBoundingClientRect();
  return {
    left: box.left - outer.left - AIR,
    right: box.right - outer.left + AIR,
    middle: (box.left + box.right) / 2 - outer.left,
    centre: (picture.top + picture.bottom) / 2 - outer.top,
    top: box.top - outer.top,
    bottom: box.bottom - outer.top,
  };
}

function pathBetween(source, stop, from, to) {
  if (stop.row === 2) return branch(from, to);
  if (stop.row === source.row) {
    const [start, end] = stop.row === 0 ? [from.right, to.left] : [from.left, to.right];
    return `M${start} ${from.centre}H${end}${head(end, to.centre, Math.sign(end - start), 0)}`;
  }
  const far = from.right + BEND;
  const down = to.centre - BEND;
  return (
    `M${from.right} ${from.centre}h2q${BEND - 2} 0 ${BEND - 2} ${BEND}V${down}` +
    `Q${far} ${to.centre} ${far - BEND} ${to.centre}H${to.right}${head(to.right, to.centre, -1, 0)}`
  );
}

// Down from the gradient of a value to those of the parameters that made it.
function branch(from, to) {
  const half = (from.bottom + to.top) / 2;
  return `M${from.middle} ${from.bottom}V${half}H${to.middle}V${to.top}${head(to.middle, to.top, 0, 1)}`;
}

// A head at (x, y) that points along (dx, dy), one of which is 0.
function head(x, y, dx, dy) {
  const [back, side] = [HEAD, HEAD * 0.8];
  const at = (sign) => `${x - dx * back + dy * side * sign} ${y - dy * back + dx * side * sign}`;
  return `M${at(1)}L${x} ${y}L${at(-1)}`;
}
