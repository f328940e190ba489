// What the messages of message.py hold, and how its numbers are written.

/** The counterpart of `in_runs`: a zero is followed by how many there are. */
function outOfRuns(bytes) {
  const values = [];
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at]) values.push(bytes[at]);
    else for (let left = bytes[++at]; left > 0; left--) values.push(0);
  }
  return Uint8Array.from(values);
}

/** A number with its sign, as it stands in a sum. */
function withSign(value) {
  const text = Math.abs(value).toFixed(2);
  if (text === "0.00") return "0.00";
  return (value < 0 ? "−" : "+") + text;
}
