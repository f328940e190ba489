// A network and its activity arrive as two components of the page; here they find each other by their key.

const pictures = new Map(); // key -> { view, activity, send }

export default function ({ data, parentElement, setStateValue }) {
  const message = unpack(data);
  const known = pictures.get(message.picture) ?? {};
  pictures.set(message.picture, known);
  const root = parentElement.querySelector(".network");
  if (message.tables) {
    if (known.view?.root !== root) known.view = new PictureView(root);
    known.view.showNetwork(message);
  } else {
    known.activity = message;
    known.send = (choice) => setStateValue("chosen", choice);
  }
  if (!known.view || !known.activity) return;
  known.view.send = known.send;
  if (known.view.message !== known.activity) known.view.showActivity(known.activity);
}
