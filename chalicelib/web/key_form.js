/** Asks for an API key where the service wants one, and keeps it for this tab only. */

import { setText, part } from "./dom.js";

export function showKeyForm(form, forget, api) {
  forget.hidden = !api.key;
  api.addEventListener("unauthorized", () => {
    if (!form.hidden) return;
    setText(part(form, "problem"), api.key ? "The service did not take that key." : "");
    form.hidden = false;
    form.elements.key.focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    use(form.elements.key.value.trim());
  });
  forget.addEventListener("click", () => use(null));

  /** Begin anew: nothing of another owner may stay on the page. */
  function use(key) {
    api.key = key;
    location.reload();
  }
}
