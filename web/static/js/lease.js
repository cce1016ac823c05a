/* The name of this window, with which it holds the lease of an attempt. It survives a reload. */

import { newId } from "./api.js";

/** Return this window's lease id; a duplicated tab, which copies the session storage, gets its own. */
export async function findLease(attemptId) {
  const key = `examhall-lease:${attemptId}`;
  let lease = read(key);
  if (!lease || !(await claim(lease))) {
    lease = newId();
    await claim(lease);
  }
  write(key, lease);
  return lease;
}

/** Hold the name until the page ends. False when another page of this browser holds it. */
async function claim(lease) {
  if (!navigator.locks) return true;
  // The page before a reload may hold the name for another moment.
  for (const delay of [0, 100, 300]) {
    await new Promise((resolve) => setTimeout(resolve, delay));
    if (await tryToHold(`examhall-lease:${lease}`)) return true;
  }
  return false;
}

function tryToHold(name) {
  return new Promise((resolve) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock && new Promise(() => {});
      })
      .catch(() => resolve(true));
  });
}

function read(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Without storage a reload takes the attempt over like another window.
  }
}
