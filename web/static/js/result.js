/* The result page: the receipt to keep, and a look for the result while it is being made. */

import { call } from "./api.js";
import { byId } from "./pages.js";

const EVERY = 2000;
const LONGEST = 60000;

const say = (text) => {
  byId("receipt-said").textContent = text;
};

function initReceipt() {
  const source = byId("receipt-data");
  if (!source) return;
  const receipt = JSON.parse(source.textContent);
  byId("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(receipt.digest);
      say("The digest is on your clipboard.");
    } catch {
      getSelection().selectAllChildren(byId("digest"));
      say("The digest is selected: copy it with your keyboard.");
    }
  });
  byId("download").addEventListener("click", () => {
    const text = JSON.stringify(receipt, null, 2);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `receipt-${receipt.digest.slice(0, 12)}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  byId("verify").addEventListener("click", async () => {
    try {
      const { valid } = await call("POST", "/receipts/verify", { digest: receipt.digest });
      say(valid ? "The receipt fits what is stored." : "The receipt does not fit what is stored. Tell the people who run the exam.");
    } catch (error) {
      say(error.message);
    }
  });
}

/** Scoring takes a moment: look until there is more to see, then show it. */
async function waitForResult() {
  const { attempt, grading, released, version } = byId("result").dataset;
  if (released === "true" || !["pending", "auto"].includes(grading)) return;
  const end = Date.now() + LONGEST;
  while (Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    const found = await call("GET", `/attempts/${attempt}/result`).catch(() => null);
    const isNew = found && (found.grading_state !== grading || String(found.version) !== version);
    if (isNew) {
      location.reload();
      return;
    }
  }
}

initReceipt();
waitForResult();
