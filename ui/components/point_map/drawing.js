// Many points on a canvas at once. They are written into its pixels as stamps: ten times as fast as
// ten thousand circles, also where no graphics card helps.

const FAINT = 0.13; // how much of its colour a point keeps that is not looked at
const DOT = { small: 1.5, many: 2.1, few: 4 }; // radius, CSS pixels
const MANY = 2_000; // points
const NARROW = 500; // CSS pixels of the plane
const RINGED = 0.75; // share that must be right: with more rings nothing would be seen of the colours

/** A disc, or a ring around one, as shares (0..1) of each device pixel of a square. */
function stampOf(outer, inner = 0) {
  const half = Math.ceil(outer);
  const size = 2 * half + 1;
  const cover = (distance, radius) => clampedShare(radius + 0.5 - distance);
  const shares = Float32Array.from({ length: size * size }, (_, at) => {
    const distance = Math.hypot((at % size) - half, Math.floor(at / size) - half);
    return cover(distance, outer) - (inner ? cover(distance, inner) : 0);
  });
  return { half, size, shares };
}

const clampedShare = (share) => Math.max(0, Math.min(1, share));

class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  /** Size in CSS pixels; it is drawn as fine as the screen is. */
  resize(width, height, count) {
    this.ratio = Math.min(devicePixelRatio, 2); // finer would be slower, and no clearer
    Object.assign(this.canvas, { width: Math.round(width * this.ratio), height: Math.round(height * this.ratio) });
    this.image = this.context.createImageData(this.canvas.width, this.canvas.height);
    this.words = new Uint32Array(this.image.data.buffer);
    const dot = count <= MANY ? DOT.few : width < NARROW ? DOT.small : DOT.many;
    const radius = dot * this.ratio;
    this.dot = stampOf(radius);
    this.ring = stampOf(radius + 1.4 * this.ratio, radius + 0.4 * this.ratio);
  }

  /** Points x, y (CSS pixels): those looked at above the others, and mistakes ringed above all. */
  draw({ x, y, active, labels, wrong, ringed }, colours, ink, paper) {
    this.words.fill((255 << 24) | (paper[2] << 16) | (paper[1] << 8) | paper[0]);
    const count = x.length;
    for (let i = 0; i < count; i++) if (!active[i]) this.stamp(this.dot, x[i], y[i], colours[labels[i]], FAINT);
    for (let i = 0; i < count; i++) if (active[i] && !wrong[i]) this.stamp(this.dot, x[i], y[i], colours[labels[i]], 1);
    for (let i = 0; i < count; i++) {
      if (!active[i] || !wrong[i]) continue;
      this.stamp(this.dot, x[i], y[i], colours[labels[i]], 1);
      if (ringed) this.stamp(this.ring, x[i], y[i], ink, 1);
    }
    this.context.putImageData(this.image, 0, 0);
  }

  stamp({ half, size, shares }, x, y, [red, green, blue], strength) {
    const { width, height } = this.image;
    const { data } = this.image;
    const left = Math.round(x * this.ratio) - half;
    const top = Math.round(y * this.ratio) - half;
    if (left < 0 || top < 0 || left + size > width || top + size > height) return;
    for (let at = 0, row = 0; row < size; row++) {
      let to = 4 * ((top + row) * width + left);
      for (let column = 0; column < size; column++, at++, to += 4) {
        const share = shares[at] * strength;
        if (share === 0) continue;
        data[to] += (red - data[to]) * share;
        data[to + 1] += (green - data[to + 1]) * share;
        data[to + 2] += (blue - data[to + 2]) * share;
      }
    }
  }
}
