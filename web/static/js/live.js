/* Server-sent events that come back after every loss. */

const RETRY = 3000;

/**
 * Follow a stream. `handlers` are functions by event name; `onState(isConnected)` tells the
 * connection. After a loss, and on the event `resync`, the handler `resync` is called: messages
 * may be missing. Returns a function that ends it.
 */
export function follow(url, handlers, onState = () => {}) {
  let source = null;
  let timer = 0;
  let wasLost = false;
  let ended = false;

  const connect = () => {
    source = new EventSource(url);
    source.onopen = () => {
      onState(true);
      if (wasLost) handlers.resync?.({});
      wasLost = false;
    };
    source.onerror = () => {
      wasLost = true;
      onState(false);
      // The browser itself comes back after a cut, but never after an answer that was an error.
      if (source.readyState === EventSource.CLOSED && !ended) timer = setTimeout(connect, RETRY);
    };
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(read(event.data)));
    }
  };
  const end = () => {
    ended = true;
    clearTimeout(timer);
    source?.close();
  };
  connect();
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && !ended && connect());
  return end;
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
