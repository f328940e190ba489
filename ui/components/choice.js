// What is chosen, by the reader or by the page: the counterpart of choice.py.

/** What the browser knows of a choice: it outlives the elements that show it. */
const newMemory = () => ({ cell: null, count: 0, orders: 0 });

/**
 * Whether the page has just chosen another cell, which is remembered then. What it has ordered before
 * it had heard of the reader's last choice is out of date.
 */
function obey(memory, { orders, ordered, ordered_at }) {
  const isNew = orders !== memory.orders;
  memory.orders = orders;
  if (!isNew || ordered_at < memory.count) return false;
  memory.count = ordered_at;
  memory.cell = ordered;
  return true;
}
