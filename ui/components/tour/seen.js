// Whether this browser has seen the tour; where it keeps nothing, whether this tab has.

const SEEN = "digit_lab_tour";

function wasSeen() {
  if (window.name === SEEN) return true;
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return false;
  }
}

function rememberSeen() {
  try {
    localStorage.setItem(SEEN, "seen");
  } catch {
    window.name = SEEN; // the one thing that a tab keeps over a reload without any storage
  }
}
