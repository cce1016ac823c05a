/* The marking page by keyboard, and points that follow the rubric. */

const form = document.querySelector("#mark");
const points = form.elements.points;
const criteria = [...form.querySelectorAll(".criterion")];
let typed = points.value !== "";

const chosen = (group) => group.querySelector("input:checked");

/* The chosen levels as share of the best ones; a marker who typed points knows better. */
function follow() {
  if (typed || !criteria.every(chosen)) return;
  const worth = (input) => Number(input.dataset.points);
  const given = criteria.reduce((sum, group) => sum + worth(chosen(group)), 0);
  const best = criteria.reduce((sum, group) => sum + Math.max(...[...group.querySelectorAll("input")].map(worth)), 0);
  const share = best ? (given / best) * Number(form.dataset.most) : 0;
  points.placeholder = String(Math.round(share * 100) / 100);
}

function press(number) {
  const group = criteria.find((one) => one.contains(document.activeElement)) ?? criteria.find((one) => !chosen(one));
  if (group) {
    const level = group.querySelectorAll("input")[number - 1];
    if (!level) return;
    level.checked = true;
    level.dispatchEvent(new Event("change", { bubbles: true }));
    (criteria[criteria.indexOf(group) + 1]?.querySelector("input") ?? points).focus();
  } else if (number <= Number(form.dataset.most)) {
    points.value = String(number);
    points.focus();
  }
}

const KEYS = {
  p: () => points.focus(),
  c: () => form.elements.comment.focus(),
  n: () => document.querySelector("#skip")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit(form.querySelector('[value="next"]'));
    return;
  }
  const writes = event.target.matches?.("textarea, select, [contenteditable], input:not([type=radio])");
  if (writes || event.ctrlKey || event.altKey || event.metaKey) return;
  if (/^[1-9]$/.test(event.key)) {
    event.preventDefault();
    press(Number(event.key));
  } else if (KEYS[event.key.toLowerCase()]) {
    event.preventDefault();
    KEYS[event.key.toLowerCase()]();
  }
});

points.addEventListener("input", () => { typed = points.value !== ""; follow(); });
form.addEventListener("change", follow);
follow();
