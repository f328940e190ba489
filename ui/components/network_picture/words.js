// What the picture shows, in sentences and numbers: for those who do not see it, and to check it.

/** The most probable digit. */
function bestOf(probabilities) {
  const known = probabilities.map((p) => p ?? -1); // null of a network that has diverged
  return known.indexOf(Math.max(...known));
}

function inBrief({ blank, image, probabilities }) {
  const best = bestOf(probabilities);
  return blank || probabilities[best] === null ? "" : `reads ${image} as ${best}: ${inPercent(probabilities[best])}`;
}

function inSentences({ activity, layers, network }) {
  if (activity.blank) return "There is nothing to read yet.";
  const order = [...activity.probabilities.keys()].sort((a, b) => activity.probabilities[b] - activity.probabilities[a]);
  const [first, second] = order;
  const answers = layers.map(({ strengths, noun }, level) => {
    const many = strengths.filter((strength) => Math.abs(strength) > 0.03).length;
    return `Of ${network.layers[level].shown.length} ${noun}s shown in layer ${level + 1}, ${many} answer. `;
  });
  return (
    `The network sees ${activity.image}. ${answers.join("")}` +
    `It reads it as ${first} with ${inPercent(activity.probabilities[first])}, then ${second} with ` +
    `${inPercent(activity.probabilities[second])}.`
  );
}

/** What the table knows: of a large last layer, the units that are shown. */
function headingOfStrongest({ units, shown }) {
  return shown.length < units
    ? `of the ${shown.length} shown, those that add most to its score`
    : "units that add most to its score";
}

/** The units that add most to a digit, by number. */
function strongestFor({ activity, matrices, network, layers }, digit) {
  const level = layers.length - 1;
  const matrix = matrices[level];
  if (activity.blank || !matrix) return "–";
  const { shown } = network.layers[level];
  return [...shown.keys()]
    .map((place) => ({ unit: shown[place], part: (matrix[10 * place + digit] * activity.layers[level].lines) / STEPS }))
    .sort((a, b) => Math.abs(b.part) - Math.abs(a.part))
    .slice(0, 3)
    .map(({ unit, part }) => `${unit} (${withSign(part)})`)
    .join(", ");
}
