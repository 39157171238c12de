/** What this tab remembers over a reload, until another key is used. */

let isOver = false;

export function recall(name, otherwise) {
  const text = sessionStorage.getItem(name);
  return text === null ? otherwise : JSON.parse(text);
}

export function remember(name, value) {
  // An answer may still come between the change of the key and the reload.
  if (!isOver) sessionStorage.setItem(name, JSON.stringify(value));
}

/** Nothing of this owner is remembered, from now on. */
export function forgetEverything() {
  isOver = true;
  sessionStorage.clear();
}
