"""Lets a picture be pasted onto the page: screenshots and copied photographs.
Streamlit's uploader takes files that are chosen or dropped, but none of the clipboard.
"""

from base64 import b64decode

import streamlit as st
from streamlit.components.v2 import component


def pasted_picture(*, key: str, most_bytes: int) -> bytes | None:
    """Say that a picture can be pasted; the content of one that has just been, once.

    A picture of more than `most_bytes` is made smaller before it is sent; empty if that fails.
    """
    st.caption("Or paste a picture: Ctrl+V, on a Mac ⌘V.")
    answer = _mount(key=key, data={"most": most_bytes}, on_picture_change=lambda: None)
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

// The picture, at most 2,048 pixels long, which is all that is looked at; null if it is none.
async function shrunk(file) {
  try {
    const picture = await createImageBitmap(file);
    const factor = Math.min(1, 2048 / Math.max(picture.width, picture.height));
    const width = Math.max(1, Math.round(picture.width * factor));
    const canvas = new OffscreenCanvas(width, Math.max(1, Math.round(picture.height * factor)));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
  } catch {
    return null;
  }
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
    const small = file.size <= places.get(here).data.most ? file : await shrunk(file);
    if (!small) return send("");
    const reader = new FileReader();
    reader.onload = () => send(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.readAsDataURL(small);
  };
  document.addEventListener("paste", onPaste);
}
""",
)
