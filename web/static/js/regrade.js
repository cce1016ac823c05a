// Follows a regrade while jobs work on it: the bar moves, and the page is fetched anew at the end.
const WAIT = 1000;

async function look(bar) {
  const answer = await fetch(bar.dataset.address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const { data } = await answer.json();
  bar.value = data.percent;
  document.getElementById("regrade-done").textContent = `${data.done} of ${data.total}`;
  return data.state === bar.dataset.state;
}

async function follow(bar) {
  let goesOn = true;
  while (goesOn) {
    await new Promise((resolve) => setTimeout(resolve, WAIT));
    try {
      goesOn = await look(bar);
    } catch {
      // The server may be away for a moment: the next look tells.
    }
  }
  location.reload();
}

const bar = document.getElementById("regrade-bar");
if (bar) follow(bar);
