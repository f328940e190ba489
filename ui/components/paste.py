"""Lets a picture be pasted where a file can be chosen: screenshots and copied photographs.
Streamlit's uploader takes files that are chosen or dropped; this hands it those of the clipboard.
"""

import streamlit as st
from streamlit.components.v2 import component


def paste_into(uploader_key: str) -> None:
    """Say that a picture can be pasted, and give what is pasted to the uploader with that key."""
    st.caption("Or paste a picture: Ctrl+V, on a Mac ⌘V.")
    _mount(key=f"paste-{uploader_key}", data=uploader_key)


_mount = component(
    "digit_lab_paste",
    html='<span class="paste" hidden></span>',
    js="""
export default function ({ data, parentElement }) {
  const here = parentElement.querySelector(".paste");
  const onPaste = (event) => {
    if (!here.isConnected) return document.removeEventListener("paste", onPaste);
    const file = event.clipboardData?.files[0];
    const input = document.querySelector(`.st-key-${data} input[type=file]`);
    if (!file || !input) return;
    event.preventDefault();
    const files = new DataTransfer();
    files.items.add(file);
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  if (here.dataset.listens) return;
  here.dataset.listens = "yes";
  document.addEventListener("paste", onPaste);
}
""",
)
