// The outline around the element and the line to it from the bubble.

const MARGIN = 4; // pixels between the element and its outline
const INSET = 12; // from the outline's corner to where the line ends

function clamp(value, least, most) {
  return Math.max(least, Math.min(value, most));
}

/** The shortest line between two boxes, near the second one's left or upper corner. */
function lineBetween(bubble, box) {
  const near = (low, high) => low + Math.min(INSET, (high - low) / 2);
  const toX = clamp((bubble.left + bubble.right) / 2, box.left, near(box.left, box.right));
  const toY = clamp((bubble.top + bubble.bottom) / 2, box.top, near(box.top, box.bottom));
  const x = clamp(toX, bubble.left + INSET, bubble.right - INSET);
  const y = clamp(toY, bubble.top + INSET, bubble.bottom - INSET);
  if (bubble.top >= box.bottom) return { x1: x, y1: bubble.top, x2: toX, y2: box.bottom };
  if (bubble.bottom <= box.top) return { x1: x, y1: bubble.bottom, x2: toX, y2: box.top };
  if (bubble.left >= box.right) return { x1: bubble.left, y1: y, x2: box.right, y2: toY };
  return { x1: bubble.right, y1: y, x2: box.left, y2: toY };
}

function setAll(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
}

function point(svg, bubble, box) {
  const around = {
    left: box.left - MARGIN, top: box.top - MARGIN, right: box.right + MARGIN, bottom: box.bottom + MARGIN,
  };
  const line = lineBetween(bubble, around);
  setAll(svg.querySelector("rect"), {
    x: around.left, y: around.top, width: around.right - around.left, height: around.bottom - around.top,
  });
  setAll(svg.querySelector("line"), line);
  setAll(svg.querySelector("circle"), { cx: line.x2, cy: line.y2 });
}
