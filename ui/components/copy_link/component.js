// Copies the address as the browser has it now, and says so for a moment.

const SAID = 2500; // milliseconds

class CopyLink {
  constructor(root) {
    this.root = root;
    this.button = root.querySelector(".copy");
    this.spoken = root.querySelector(".spoken");
    this.byHand = root.querySelector(".by-hand");
    this.field = root.querySelector("input");
    this.button.addEventListener("click", () => this.onClick());
    this.field.addEventListener("focus", () => this.field.select());
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    root.addEventListener("focusout", ({ relatedTarget }) => root.contains(relatedTarget) || this.hide());
  }

  async onClick() {
    if (!this.byHand.hidden) return this.close();
    try {
      await navigator.clipboard.writeText(addressToShare());
      this.say("Copied");
    } catch {
      this.showByHand(); // there is no clipboard without a safe connection, or it was refused
    }
  }

  say(word) {
    this.spoken.textContent = word;
    this.button.classList.toggle("copied", word !== "");
    clearTimeout(this.timer);
    if (word) this.timer = setTimeout(() => this.say(""), SAID);
  }

  showByHand() {
    this.byHand.hidden = false;
    this.field.value = addressToShare();
    this.field.focus();
    this.field.select();
  }

  hide() {
    this.byHand.hidden = true;
  }

  close() {
    if (this.byHand.hidden) return;
    this.hide();
    this.button.focus();
  }
}

/** A key lets whoever has it command a run: "Share this run" hands it on, and nothing else. */
function addressToShare() {
  const address = new URL(window.location.href);
  address.searchParams.delete("command");
  return address.href;
}

const made = new WeakSet(); // places in the page that have one

export default function ({ parentElement }) {
  const root = parentElement.querySelector(".copy-link");
  if (!made.has(root)) new CopyLink(root);
  made.add(root);
}
