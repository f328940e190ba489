// The parts of a map as they arrive: images and labels, and the points of each step.

const UINT16 = 65_535; // the code of a confidence of 1
const PAIRS = 392; // bytes of an image, two pixels in each

/** What message.py has packed, ready to be shown. */
function partOf(message) {
  return message.part === "images" ? imagesOf(message) : stepOf(message);
}

function imagesOf({ pieces: [labels, packed] }) {
  const images = { labels, pixels: null, ready: null };
  images.ready = inflated(packed).then((pixels) => (images.pixels = pixels));
  return images;
}

async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function stepOf({ pieces: [places, predictions, confidence] }) {
  const codes = new Int16Array(places.buffer);
  const count = predictions.length;
  const [x, y] = [0, 1].map((axis) => Float32Array.from(codes.subarray(axis * count, (axis + 1) * count)));
  const bounds = [x, y].map((values) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]);
  return { x, y, bounds, predictions, confidence: new Uint16Array(confidence.buffer) };
}

/** The image of that number on a canvas of 28 x 28, white ink on black. */
function paintDigit(canvas, pixels, number) {
  const image = new ImageData(28, 28);
  for (let at = 0; at < PAIRS; at++) {
    const pair = pixels[number * PAIRS + at];
    image.data.fill(17 * (pair >> 4), 8 * at, 8 * at + 3);
    image.data.fill(17 * (pair & 15), 8 * at + 4, 8 * at + 7);
    image.data[8 * at + 3] = image.data[8 * at + 7] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** "a 7, read as a 2 with 81.0 %": what an image is, and what the network says of it. */
function inWords(label, step, number) {
  const [prediction, sure] = [step.predictions[number], inPercent(step.confidence[number] / UINT16)];
  return `${aDigit(label)}, ${prediction === label ? "recognised" : `read as ${aDigit(prediction)}`} with ${sure}`;
}

const aDigit = (digit) => `${digit === 8 ? "an" : "a"} ${digit}`;

/** Which images a step gets wrong, and the share that it gets right, as a number and in words. */
function judged(step, labels) {
  const wrong = labels.map((label, number) => label !== step.predictions[number]);
  const share = 1 - wrong.reduce((sum, is) => sum + is, 0) / labels.length;
  return { wrong, share, accuracy: share === 1 ? "100 %" : inPercent(share) };
}
