// Which point is meant: the nearest to a place, and the next in a direction.

const CELL = 12; // CSS pixels that a cell of the index is wide and high

/** Points by the cell of a grid that they lie in: only a few are looked at to find the nearest. */
class Places {
  /** Points x, y in CSS pixels within width and height; those that are not `active` are left out. */
  constructor(x, y, active, width, height) {
    Object.assign(this, { x, y, active });
    this.columns = Math.max(1, Math.ceil(width / CELL));
    this.rows = Math.max(1, Math.ceil(height / CELL));
    // Counted, then put side by side: `start` says where the points of each cell begin.
    this.start = new Uint32Array(this.columns * this.rows + 1);
    const cells = new Uint32Array(x.length);
    for (let i = 0; i < x.length; i++) {
      if (active[i]) this.start[(cells[i] = this.cellOf(x[i], y[i])) + 1]++;
    }
    for (let cell = 1; cell < this.start.length; cell++) this.start[cell] += this.start[cell - 1];
    const next = this.start.slice();
    this.points = new Uint32Array(this.start.at(-1));
    for (let i = 0; i < x.length; i++) if (active[i]) this.points[next[cells[i]]++] = i;
  }

  cellOf(x, y) {
    return clamped(Math.floor(y / CELL), this.rows) * this.columns + clamped(Math.floor(x / CELL), this.columns);
  }

  /** The point nearest to a place within so many pixels; -1 without one. */
  nearest(x, y, within) {
    const [column, row] = [Math.floor(x / CELL), Math.floor(y / CELL)];
    let [best, least] = [-1, within * within];
    // What lies in the n-th ring of cells around is at least n - 1 cells away.
    for (let ring = 0; (ring - 1) * CELL <= Math.sqrt(least); ring++) {
      for (let r = row - ring; r <= row + ring; r++) {
        const inner = Math.abs(r - row) < ring;
        for (let c = column - ring; c <= column + ring; c += inner && ring ? 2 * ring : 1) {
          if (r < 0 || c < 0 || r >= this.rows || c >= this.columns) continue;
          const cell = r * this.columns + c;
          for (let at = this.start[cell]; at < this.start[cell + 1]; at++) {
            const i = this.points[at];
            const distance = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
            if (distance < least) [best, least] = [i, distance];
          }
        }
      }
    }
    return best;
  }

  /** The nearest point at least so far to the right, left, below or above; -1 without one.
   *  What lies aside counts twice: the way should lead where the key points. */
  next(from, [right, down], atLeast) {
    let [best, least] = [-1, Infinity];
    for (const i of this.points) {
      const [dx, dy] = [this.x[i] - this.x[from], this.y[i] - this.y[from]];
      const along = dx * right + dy * down;
      const aside = Math.abs(dx * down) + Math.abs(dy * right);
      const cost = along + 2 * aside;
      if (along >= atLeast && aside <= along && cost < least) [best, least] = [i, cost];
    }
    return best;
  }
}

const clamped = (value, size) => Math.max(0, Math.min(size - 1, value));
