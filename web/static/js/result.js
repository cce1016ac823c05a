/* The result page: the receipt to keep, what still waits here, and the result while it is made. */

import { call } from "./api.js";
import { findLease } from "./lease.js";
import { findLeft, Outbox } from "./outbox.js";
import { byId } from "./pages.js";
import { openStore } from "./store.js";

const EVERY = 2000;
const LONGEST = 60000;
const RETRY = 3000;

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

/** Answers that this device could not send before the end still go to the server, which keeps all. */
async function handOver() {
  const { attempt } = byId("result").dataset;
  const store = await openStore();
  const left = await findLeft(store, attempt);
  if (!left.length) return;
  const outbox = new Outbox(store, attempt, await findLease(attempt));
  await outbox.open([...new Set(left.map((op) => op.item_id))].map((id) => ({ id, revision: 0 })));
  outbox.addEventListener("change", () => tellLeft(outbox));
  tellLeft(outbox);
  await takeLease(attempt, outbox.leaseId);
  await outbox.flush();
}

/** Where there is no lease to be had any more, the server keeps the answers without it. */
async function takeLease(attempt, lease) {
  for (let mayWork = true; mayWork; ) {
    try {
      await call("POST", `/attempts/${attempt}/lease`, { lease_id: lease });
      return;
    } catch (error) {
      mayWork = error.isPassing || error.status === 401;
      if (mayWork) await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
  }
}

function tellLeft({ waiting, refused }) {
  const [first] = refused;
  let text = "Answers that waited on this device have been sent. Load this page again to see what counts.";
  if (first) text = `An answer that waited on this device was not taken. ${first.refused.message}`;
  if (waiting) text = "Answers wait on this device. Keep this page open until they are sent.";
  byId("left").hidden = false;
  const line = byId("left").querySelector("span");
  if (line.textContent !== text) line.textContent = text;
}

initReceipt();
handOver();
waitForResult();
