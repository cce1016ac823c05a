/* Lists with boxes to tick: all at once, and how many are ticked.
 *
 *   data-all="name"     on a box: ticks all boxes of this name in its form
 *   data-count="name"   on an output: says how many are ticked, in the words of data-one, data-many
 */

const boxes = (form, name) => [...form.elements].filter((box) => box.type === "checkbox" && box.name === name);

function follow(form) {
  const all = form.querySelector("[data-all]");
  const output = form.querySelector("[data-count]");
  const name = all?.dataset.all ?? output?.dataset.count;
  const show = () => {
    const found = boxes(form, name);
    const ticked = found.filter((box) => box.checked).length;
    if (all) {
      all.checked = ticked > 0 && ticked === found.length;
      all.indeterminate = ticked > 0 && ticked < found.length;
    }
    if (output) output.value = ticked ? `${ticked} ${ticked === 1 ? output.dataset.one : output.dataset.many}` : "";
  };
  form.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes(form, name)) box.checked = all.checked;
    show();
  });
  show();
}

for (const form of document.querySelectorAll("form:has([data-all])")) follow(form);
