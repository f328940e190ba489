// A network and its activity arrive as two components of the page; here they find each other by their key.

const pictures = new Map(); // key -> { view, network, activity, send }

export default function ({ data, parentElement, setStateValue }) {
  const message = unpack(data);
  const known = pictures.get(message.picture) ?? {};
  pictures.set(message.picture, known);
  if (message.tables) {
    const root = parentElement.querySelector(".network");
    if (known.view?.root !== root) known.view = new PictureView(root);
    known.network = message;
  } else {
    known.activity = message;
    known.send = (choice) => setStateValue("chosen", choice);
  }
  if (known.view) show(known);
}

function show({ view, network, activity, send }) {
  view.send = send;
  // Newer weights wait for what they make of the image, and the other way round: what is shown still holds together.
  const apart = activity && activity.form === network.form && activity.version !== network.version;
  if (apart && view.message) return;
  if (view.network !== network) view.showNetwork(network);
  if (activity && view.message !== activity) view.showActivity(activity);
}
