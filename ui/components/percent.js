// Probabilities as people say them: for all components that name one.

/** A probability that never says more than it does: 99.96 % is not 100 %. */
function inPercent(share) {
  if (share === null) return "–";
  const text = (100 * share).toFixed(1);
  return text === "100.0" ? ">99.9\u00a0%" : `${text}\u00a0%`;
}
