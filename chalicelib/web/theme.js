// A classic script in the head: the page must not be drawn in the other colours first.
(() => {
  const CHOICES = ["auto", "light", "dark"];
  const root = document.documentElement;

  function choose(choice) {
    root.dataset.theme = choice;
    localStorage.setItem("theme", choice);
  }

  function label(button) {
    button.textContent = `◐ ${root.dataset.theme}`;
    button.setAttribute("aria-label", `Theme: ${root.dataset.theme}`);
  }

  function kept(choice) {
    return CHOICES.includes(choice) ? choice : "auto";
  }

  root.dataset.theme = kept(localStorage.getItem("theme"));
  // Another tab may choose, too.
  window.addEventListener("storage", ({ key, newValue }) => {
    if (key !== "theme") return;
    root.dataset.theme = kept(newValue);
    label(document.getElementById("theme"));
  });
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    label(button);
    button.addEventListener("click", () => {
      choose(CHOICES[(CHOICES.indexOf(root.dataset.theme) + 1) % CHOICES.length]);
      label(button);
    });
  });
})();
