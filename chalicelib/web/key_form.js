/** Asks for an API key where the service wants one, and keeps it for this tab only. */

import { setText, part } from "./dom.js";
import { forgetEverything } from "./memory.js";

// A header carries nothing else.
const VISIBLE = /^[\x21-\x7e]+$/;

export function showKeyForm(form, forget, api) {
  forget.hidden = !api.key;
  api.addEventListener("unauthorized", () => {
    if (!form.hidden) return;
    setText(part(form, "problem"), api.key ? "The service did not accept this key." : "");
    form.hidden = false;
    form.elements.key.focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = form.elements.key.value.trim();
    if (VISIBLE.test(key)) use(key);
    else setText(part(form, "problem"), "A key must be visible ASCII characters, without spaces.");
  });
  forget.addEventListener("click", () => {
    // The address may name an order.
    window.history.replaceState(null, "", "#/");
    use(null);
  });

  /** Begin anew: nothing of another owner may stay on the page. */
  function use(key) {
    forgetEverything();
    api.key = key;
    location.reload();
  }
}
