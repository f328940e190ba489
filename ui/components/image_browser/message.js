// The images as they arrive from Python, and what is said of them: the counterpart of message.py.

const PIXELS = 28 * 28;
const CLASSES = 10;

class Readings {
  constructor(data) {
    const { pieces, ...message } = unpack(data);
    const [images, ...probabilities] = pieces;
    Object.assign(this, message, { images });
    this.readers.forEach((reader, i) => (reader.probabilities = new Float32Array(probabilities[i].buffer)));
  }

  get length() {
    return this.labels.length;
  }

  /** Paint an image as white ink on black into a canvas of 28 x 28. */
  paint(canvas, place) {
    const image = new ImageData(28, 28);
    for (let i = 0; i < PIXELS; i++) {
      image.data.fill(this.images[PIXELS * place + i], 4 * i, 4 * i + 3);
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  /** What a reader says of an image; of one that has diverged, `best` is null. */
  reading({ name, probabilities }, place) {
    const shares = probabilities.subarray(CLASSES * place, CLASSES * (place + 1));
    const best = shares.some(Number.isNaN) ? null : shares.indexOf(Math.max(...shares));
    const isRight = best === this.labels[place];
    const sure = best === null ? "" : inPercent(shares[best]);
    return { name, shares, best, isRight, sure };
  }

  /** "right" or "wrong" if all networks are, "" if they are not of one mind. */
  verdict(place) {
    const right = this.readers.filter((reader) => this.reading(reader, place).isRight).length;
    return { 0: "wrong", [this.readers.length]: "right" }[right] ?? "";
  }

  /** An image in words: its title, its label, and what each network reads in it. */
  says(place) {
    const read = this.readers.map((reader) => {
      const { name, best, isRight, sure } = this.reading(reader, place);
      return best === null ? `${name} gives no number` : `${name} reads ${best}, ${sure}, ${isRight ? "right" : "wrong"}`;
    });
    return [this.titles[place], `labelled ${this.labels[place]}`, ...read].join("; ");
  }

  position(place) {
    return [place + 1, this.length].map(thousands).join(" of ");
  }
}
