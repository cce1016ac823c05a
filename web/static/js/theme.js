/* The reader's own choice of colours and size, before anything is drawn. Not a module: those come late. */
(() => {
  const root = document.documentElement;
  const read = (name) => {
    try {
      return localStorage.getItem(`examhall-${name}`) || "";
    } catch {
      return "";
    }
  };
  const apply = (name, value) => {
    if (value) root.dataset[name] = value;
    else delete root.dataset[name];
  };
  const fixed = root.hasAttribute("data-fixed-theme");
  const set = (name, value) => {
    apply(name, value);
    try {
      localStorage.setItem(`examhall-${name}`, value);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  };
  if (!fixed) apply("theme", read("theme"));
  apply("density", read("density"));
  window.examhallDisplay = { read, set };
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const dark = getComputedStyle(root).colorScheme === "dark"
      || (root.dataset.theme === undefined && matchMedia("(prefers-color-scheme: dark)").matches);
    set("theme", dark ? "light" : "dark");
  });
})();
