// The parts of a map arrive as components of the page, each on its own; here they find the map by its key.

const maps = new Map(); // key -> { parts: Map of token -> part, main, view }
const views = new WeakMap(); // root -> its view

export default function ({ data, parentElement, setStateValue }) {
  const message = unpack(data);
  if (!maps.has(message.key)) maps.set(message.key, { parts: new Map(), main: null, view: null });
  const map = maps.get(message.key);
  if (message.part === "map") {
    const root = rootIn(parentElement.querySelector(".place"));
    if (!views.has(root)) views.set(root, new MapView(root));
    Object.assign(map, { main: message, view: views.get(root) });
    map.view.update(message, map.parts, setStateValue);
    // Of a map that leaves the page nothing stays; a newer message may have taken its place.
    return () => map.main === message && Object.assign(map, { main: null, view: null });
  }
  const part = partOf(message);
  map.parts.set(message.token, part);
  map.view?.arrived(map.parts);
  return () => map.parts.get(message.token) === part && map.parts.delete(message.token);
}

/** The elements of the map are made where the map stands alone: its parts show nothing. */
function rootIn(place) {
  if (!place.querySelector(".map")) place.append(place.querySelector("template").content.cloneNode(true));
  return place.querySelector(".map");
}
