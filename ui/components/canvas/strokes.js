// What a hand or a button does to the journal: strokes and their points, undo, redo, clear, eraser.

const NEAR = 0.006; // points nearer than this to the last one are left out ...
const FAR = 0.05; // ... and points on a straight line as well, up to this distance
const STRAIGHT = 0.0015; // how far from a straight line is still straight

/** Leaves out the points that do not change a stroke's look. The newest point waits in `pending` until it is needed. */
class Thinner {
  constructor(first) {
    this.written = first;
    this.pending = null;
  }

  /** Takes a point; returns the one before it if that has to be written. */
  take(point) {
    const { written, pending } = this;
    this.pending = point;
    if (pending === null || this.#isSpare(written, pending, point)) return null;
    this.written = pending;
    return pending;
  }

  /** The newest point, if it is not yet written. */
  flush() {
    const { pending } = this;
    this.written = pending ?? this.written;
    this.pending = null;
    return pending;
  }

  #isSpare(a, b, c) {
    const [bx, by, cx, cy] = [b.x - a.x, b.y - a.y, c.x - a.x, c.y - a.y];
    if (Math.hypot(bx, by) < NEAR) return true;
    const distance = Math.hypot(cx, cy);
    const aside = Math.abs(bx * cy - by * cx) / Math.max(distance, 1e-9);
    const forward = (c.x - b.x) * bx + (c.y - b.y) * by > 0;
    return aside < STRAIGHT && forward && distance < FAR && a.width === b.width && b.width === c.width;
  }
}

class Strokes extends Messages {
  /** Begins a stroke; returns whether there was room for it. */
  begin(point, erase) {
    const { text, marks } = this.journal;
    if (text.length > 0.9 * this.data.limit || marks.length > 0.9 * this.data.marks) {
      this.say("The canvas is full. Clear it to go on.");
      return false;
    }
    this.journal.write((erase ? "~" : "+") + twoDigits(this.brush) + wordOf(point));
    this.thinner = new Thinner(point);
    this.messages = 0; // sent while this stroke was drawn
    this.paintStroke({ ...this.journal.marks.at(-1), points: [point] });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tick(), SEND_EVERY);
    this.refresh();
    return true;
  }

  extend(point) {
    const from = this.thinner.pending ?? this.thinner.written;
    this.paintStroke({ ...this.journal.marks.at(-1), points: [from, point] });
    this.writePoint(this.thinner.take(point));
  }

  writePoint(point) {
    // An endless stroke stops growing at the limit that Python would refuse.
    if (point !== null && this.journal.text.length + 16 < this.data.limit) this.journal.write(wordOf(point));
  }

  end() {
    if (this.thinner === null) return;
    this.writePoint(this.thinner.flush());
    this.thinner = null;
    this.send();
  }

  /** Takes the stroke that is being drawn back, as if it had never been begun. */
  withdraw() {
    if (this.thinner === null) return;
    this.thinner = null;
    this.command("!");
  }

  command(word) {
    this.journal.write(word);
    const isLong = this.journal.text.length > LONG || this.journal.marks.length > this.data.marks / 2;
    if (word === "*" && isLong && this.known) {
      this.replaces = this.journal.origin;
      this.known = false;
      this.take(this.journal.shortened());
    }
    this.paint();
    this.refresh();
    this.send();
  }

  undo() {
    this.end();
    if (this.journal.marks.length === 0) return this.say("Nothing to undo.");
    this.command("<");
    this.say("Undone.");
  }

  redo() {
    this.end();
    if (this.journal.undone.length === 0) return this.say("Nothing to redo.");
    this.command(">");
    this.say("Redone.");
  }

  clear() {
    this.end();
    if (this.journal.isEmpty) return this.say("The canvas is empty.");
    this.command("*");
    this.say("Cleared.");
  }

  eraser() {
    this.erasing = !this.erasing;
    this.refresh();
    this.say(this.erasing ? "Eraser." : "Pen.");
  }
}
