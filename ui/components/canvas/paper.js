// What is seen: the sheet with its strokes, the buttons, the hint and the brush.

const GRID = 28; // cells on a side, for the keyboard and for a background picture
const USUAL_BRUSH = 1 / 13; // of the side: what MNIST's strokes measure

class Paper {
  journal = null;
  erasing = false;
  brush = USUAL_BRUSH;
  ending = new AbortController();

  constructor(root) {
    const find = (selector) => root.querySelector(selector);
    this.easel = find(".easel");
    this.paper = find(".paper");
    this.canvas = find("canvas");
    this.context = this.canvas.getContext("2d");
    this.cellMark = find(".cell");
    this.ring = find(".ring");
    this.spoken = find(".spoken");
    this.tip = find(".tip span");
    this.slider = find("input");
    this.buttons = Object.fromEntries([...root.querySelectorAll("button")].map((b) => [b.name, b]));
  }

  paint() {
    const { width, height } = this.canvas;
    this.context.fillStyle = "#000";
    this.context.fillRect(0, 0, width, height);
    if (this.journal?.showsBackground) {
      this.context.imageSmoothingEnabled = false;
      this.context.drawImage(this.backgroundImage, 0, 0, width, height);
    }
    for (const stroke of this.journal?.visible ?? []) this.paintStroke(stroke);
  }

  paintStroke({ points, brush, erase }) {
    const { context } = this;
    const side = this.canvas.width;
    const thickness = (width) => Math.max((brush * side * width) / NORMAL_WIDTH, 1);
    context.strokeStyle = context.fillStyle = erase ? "#000" : "#fff";
    context.lineCap = context.lineJoin = "round";
    points.forEach((point, i) => {
      context.beginPath();
      if (i === 0) {
        context.arc(point.x * side, point.y * side, thickness(point.width) / 2, 0, 2 * Math.PI);
        context.fill();
        return;
      }
      const before = points[i - 1];
      context.lineWidth = (thickness(before.width) + thickness(point.width)) / 2;
      context.moveTo(before.x * side, before.y * side);
      context.lineTo(point.x * side, point.y * side);
      context.stroke();
    });
  }

  /** Brings buttons, hint and brush in line with the journal. */
  refresh() {
    const { journal, buttons } = this;
    const idle = {
      undo: journal.marks.length === 0,
      redo: journal.undone.length === 0,
      clear: journal.isEmpty,
    };
    for (const [name, isIdle] of Object.entries(idle)) {
      // A disabled button would lose the keyboard's focus to nowhere.
      if (isIdle && buttons[name].matches(":focus")) this.canvas.focus();
      buttons[name].disabled = isIdle;
    }
    buttons.eraser.setAttribute("aria-pressed", String(this.erasing));
    this.easel.classList.toggle("blank", journal.isBlank);
    this.slider.setAttribute("aria-valuetext", `${(this.brush * GRID).toFixed(1)} cells`);
    const diameter = `${this.brush * this.paper.clientWidth}px`;
    for (const disc of [this.tip, this.ring]) disc.style.width = disc.style.height = diameter;
  }

  /** Gives the canvas one pixel for each pixel of the screen, whatever its size and the page's zoom. */
  watchSize() {
    const resize = () => {
      const pixels = Math.round(this.paper.clientWidth * devicePixelRatio);
      if (pixels === 0 || pixels === this.canvas.width) return; // 0 while it is hidden
      this.canvas.width = this.canvas.height = pixels;
      this.paint();
      if (this.journal !== null) this.refresh();
    };
    const observer = new ResizeObserver(resize);
    observer.observe(this.paper);
    window.addEventListener("resize", resize, { signal: this.ending.signal }); // the zoom
    this.ending.signal.addEventListener("abort", () => observer.disconnect());
    resize();
  }


  say(text) {
    this.spoken.textContent = text[0].toUpperCase() + text.slice(1);
  }
}

/** A background as something that a canvas can draw. */
function imageOf(background) {
  if (background === null) return null;
  const image = document.createElement("canvas");
  image.width = image.height = GRID;
  const context = image.getContext("2d");
  const pixels = context.createImageData(GRID, GRID);
  for (const [i, byte] of Array.from(atob(background)).entries()) {
    const grey = byte.charCodeAt(0);
    pixels.data.set([grey, grey, grey, 255], 4 * i);
  }
  context.putImageData(pixels, 0, 0);
  return image;
}
