// A network and its activity arrive as two components of the page; here they find each other by their key.

const pictures = new Map(); // key -> { network: { message, view }, activity: { message, send } }, as far as they are on the page
const views = new WeakMap(); // root -> its view

export default function ({ data, parentElement, setStateValue }) {
  const message = unpack(data);
  const known = pictures.get(message.picture) ?? {};
  pictures.set(message.picture, known);
  const part = message.tables ? "network" : "activity";
  const mine = message.tables
    ? { message, view: viewOf(parentElement.querySelector(".network")) }
    : { message, send: (choice) => setStateValue("chosen", choice) };
  known[part] = mine;
  if (known.network) show(known.network, known.activity);
  return () => {
    if (known[part] === mine) delete known[part]; // a newer one may have taken its place
  };
}

function viewOf(root) {
  if (!views.has(root)) views.set(root, new PictureView(root));
  return views.get(root);
}

function show({ message: network, view }, { message: activity, send } = {}) {
  view.send = send;
  // Newer weights wait for what they make of the image, and the other way round: what is shown still holds together.
  const apart = activity && activity.form === network.form && activity.version !== network.version;
  if (apart && view.message) return;
  if (view.network !== network) view.showNetwork(network);
  if (activity && view.message !== activity) view.showActivity(activity);
}
