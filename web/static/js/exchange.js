/* Checks a file without leaving the page, so that the same file can be imported afterwards.
 *
 * The server answers the form with a whole page (a check) or leads to a report (an import), so it
 * works without this script, too; the file has to be chosen twice then.
 */

const form = document.querySelector("form[data-report]");
const choose = form.elements.file;
let plain = false;

async function send(submitter) {
  const body = new FormData(form, submitter);
  const response = await fetch(form.action, { method: "POST", body });
  if (response.redirected) {
    location.assign(response.url);
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector(form.dataset.report);
  if (!fresh) throw new Error("no report");
  const old = document.querySelector(form.dataset.report);
  old.replaceWith(document.adoptNode(fresh));
  for (const words of fresh.querySelectorAll(".unscripted")) words.textContent = "Press Import to take it.";
  fresh.querySelector("h2")?.focus();
}

form.addEventListener("submit", async (event) => {
  const { submitter } = event;
  if (plain) return;
  event.preventDefault();
  if (form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  try {
    await send(submitter);
  } catch {
    plain = true;
    form.requestSubmit(submitter);
  } finally {
    form.removeAttribute("aria-busy");
  }
});

/* A new file: what was said about the last one is no longer about this one. */
choose.addEventListener("change", () => {
  document.querySelector(`${form.dataset.report} .report`)?.remove();
});
