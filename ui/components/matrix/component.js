const views = new WeakMap(); // place in the page -> its view
const memories = new Map(); // key -> what is chosen there, also while the page shows something else

// Hands back no clean-up: Streamlit runs it when newer data overtake this call, too.
export default function ({ data, parentElement, setStateValue }) {
  const frame = readMatrix(data);
  if (!memories.has(frame.key)) memories.set(frame.key, newMemory());
  let view = views.get(parentElement);
  if (!view || !view.field.isConnected) {
    view = new MatrixView(parentElement, memories.get(frame.key));
    views.set(parentElement, view);
  }
  view.update(frame, setStateValue);
}
