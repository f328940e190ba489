"""Lets a picture be pasted onto the page, and makes large ones smaller before they are sent.
Streamlit's uploader takes files that are chosen or dropped, none of the clipboard, and sends them
as they are: ten megabytes of a telephone, of which a tenth is looked at.
"""

from base64 import b64decode

import streamlit as st
from streamlit.components.v2 import component


def pasted_picture(*, key: str, most_bytes: int, uploader: str) -> bytes | None:
    """Say that a picture can be pasted; the content of one that has just been, once.

    A picture of more than `most_bytes` is made smaller before it is sent; empty if that fails. So
    are those of the uploader with the key `uploader`; what can't be made smaller is sent whole.
    """
    st.caption("Or paste a picture: Ctrl+V, on a Mac ⌘V.")
    data = {"most": most_bytes, "uploader": f".st-key-{uploader}"}
    answer = _mount(key=key, data=data, on_picture_change=lambda: None)
    content = answer.get("picture")
    try:
        return b64decode(content, validate=True) if isinstance(content, str) else None
    except ValueError:
        return None


_mount = component(
    "digit_lab_paste",
    html='<span class="paste" hidden></span>',
    js="""
const places = new WeakMap(); // place in the page -> what the last call brought

const QUALITIES = [0.92, 0.8, 0.6]; // of JPEG: the first is small enough for all but noise

// The picture, at most 2,048 pixels long, which is all that is looked at; null if it is none, or
// can't be as small as that.
async function shrunk(file, most) {
  try {
    const picture = await createImageBitmap(file);
    const factor = Math.min(1, 2048 / Math.max(picture.width, picture.height));
    const width = Math.max(1, Math.round(picture.width * factor));
    const canvas = new OffscreenCanvas(width, Math.max(1, Math.round(picture.height * factor)));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    for (const quality of QUALITIES) {
      const small = await canvas.convertToBlob({ type: "image/jpeg", quality });
      if (small.size <= most) return small;
    }
  } catch {}
  return null;
}

// Streamlit's uploader hears of a large file only when it has become a small one.
function shrinkUploads(here) {
  const data = () => places.get(here).data;
  const passedOn = new WeakSet(); // events that were made here
  const instead = async (event, input, file) => {
    event.preventDefault();
    event.stopPropagation();
    const small = await shrunk(file, data().most);
    const chosen = new DataTransfer();
    const named = (type) => new File([small], file.name.replace(/\\.\\w+$/, "") + ".jpg", { type });
    chosen.items.add(small ? named("image/jpeg") : file);
    input.files = chosen.files;
    const change = new Event("change", { bubbles: true });
    passedOn.add(change);
    input.dispatchEvent(change);
  };
  const onFile = (event) => {
    if (!here.isConnected) {
      document.removeEventListener("change", onFile, true);
      return document.removeEventListener("drop", onFile, true);
    }
    const uploader = event.target.closest?.(data().uploader);
    const input = uploader?.querySelector("input[type=file]");
    const file = (event.dataTransfer ?? input)?.files?.[0];
    if (!input || !file || passedOn.has(event) || file.size <= data().most) return;
    if (file.type.startsWith("image/")) instead(event, input, file);
  };
  document.addEventListener("change", onFile, true);
  document.addEventListener("drop", onFile, true);
}

export default function (call) {
  const { parentElement } = call;
  const here = parentElement.querySelector(".paste");
  const known = places.has(here);
  places.set(here, call);
  if (known) return;
  const onPaste = async (event) => {
    if (!here.isConnected) return document.removeEventListener("paste", onPaste);
    const file = event.clipboardData?.files[0];
    if (!file) return;
    event.preventDefault();
    const send = (content) => places.get(here).setTriggerValue("picture", content);
    const { most } = places.get(here).data;
    const small = file.size <= most ? file : await shrunk(file, most);
    if (!small) return send("");
    const reader = new FileReader();
    reader.onload = () => send(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.readAsDataURL(small);
  };
  document.addEventListener("paste", onPaste);
  shrinkUploads(here);
}
""",
)
