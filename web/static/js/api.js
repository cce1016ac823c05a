/* The JSON API: the envelope is taken off, errors are ApiError. */

const PREFIX = "/api/v1";
const PATIENCE = 20000;

export class ApiError extends Error {
  /** `status` is 0 and `code` "offline" when no answer came. */
  constructor(status, code, message, details = {}) {
    super(message);
    Object.assign(this, { status, code, details });
  }

  /**
   * Whether the same request may work later. An answer that is not the server's own comes from
   * something on the way to it, and says nothing about the request but that it was too large.
   */
  get isPassing() {
    if (this.code === "no_answer" && this.status !== 413) return true;
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * Call the API; `body` is an object for JSON or a FormData. Returns the envelope's data.
 * `key` makes a repeated request count once; after `patience` milliseconds there was no answer;
 * `headers` go with the request.
 */
export async function call(method, path, body = undefined, options = {}) {
  try {
    return await send(method, path, body, options);
  } catch (error) {
    // Another tab has signed in anew, so the page's token is that of an older session.
    if (error.code !== "csrf" || options.keepalive) throw error;
    await renewToken();
    return send(method, path, body, options);
  }
}

async function send(method, path, body, { keepalive = false, key = "", patience = PATIENCE, headers: more = {} }) {
  const headers = { Accept: "application/json", ...more };
  if (method !== "GET") headers["X-CSRF-Token"] = csrfToken();
  if (key) headers["Idempotency-Key"] = key;
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(PREFIX + path, {
      method,
      headers,
      keepalive,
      body: body === undefined || isForm ? body : JSON.stringify(body),
      credentials: "same-origin",
      signal: keepalive ? undefined : AbortSignal.timeout(patience),
    });
  } catch {
    throw new ApiError(0, "offline", "There is no connection to the server.");
  }
  return unwrap(response);
}

let offset = 0;

/** Return the server's time in milliseconds, as the last answer told it. */
export const serverNow = () => Date.now() + offset;

async function unwrap(response) {
  let envelope;
  try {
    envelope = await response.json();
  } catch {
    const status = response.ok ? 0 : response.status;
    throw new ApiError(status, "no_answer", "The server's answer could not be read.");
  }
  if (envelope.timestamp) offset = Date.parse(envelope.timestamp) - Date.now();
  if (response.ok && envelope.success) return envelope.data;
  const { code = "error", message = response.statusText, details = {} } = envelope.error ?? {};
  throw new ApiError(response.status, code, message, details);
}

const tokenIn = (page) => page.querySelector('meta[name="csrf-token"]');

const csrfToken = () => tokenIn(document)?.content ?? "";

async function renewToken() {
  try {
    const response = await fetch(location.pathname, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    tokenIn(document).content = tokenIn(page).content;
  } catch {
    throw new ApiError(0, "offline", "There is no connection to the server.");
  }
}

/** Return a new UUID; also on pages that were not loaded over a secure connection. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
