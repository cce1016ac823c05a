/* What must survive a reload, a crash or a dead network: IndexedDB, or memory where there is none. */

const NAME = "examhall";
const VERSION = 2;
const PATIENCE = 5000;

/**
 * Open the store; both kinds have the same methods. `saves`, `chunks` and `files` hold objects,
 * `marks` numbers.
 */
export async function openStore() {
  try {
    return new DeviceStore(await soon(openDatabase()));
  } catch {
    return new MemoryStore();
  }
}

function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = ({ oldVersion }) => {
      const db = request.result;
      if (oldVersion < 1) {
        db.createObjectStore("saves", { keyPath: "operation_id" });
        db.createObjectStore("chunks", { keyPath: ["session_id", "stream", "sequence"] });
        db.createObjectStore("marks");
      }
      if (oldVersion < 2) db.createObjectStore("files", { keyPath: "id" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

/** A store that never answers counts as broken: whoever waits for it has to go on. */
function soon(promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("The device's store does not answer.")), PATIENCE);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** A database that the browser has closed throws at once: async makes that a rejection like any other. */
class DeviceStore {
  isLasting = true;

  constructor(db) {
    this.db = db;
    db.onversionchange = () => db.close();
  }

  #open(name, mode) {
    return this.db.transaction(name, mode).objectStore(name);
  }

  async all(name) {
    return soon(done(this.#open(name, "readonly").getAll()));
  }

  async put(name, value) {
    const store = this.#open(name, "readwrite");
    const written = finished(store.transaction);
    store.put(value);
    return soon(written);
  }

  async remove(name, key) {
    const store = this.#open(name, "readwrite");
    const written = finished(store.transaction);
    store.delete(key);
    return soon(written);
  }

  /** Return the next number of a counter, never the same one twice, whichever tab asks. */
  async next(mark, least = 0) {
    const store = this.#open("marks", "readwrite");
    const number = Math.max(((await soon(done(store.get(mark)))) ?? -1) + 1, least);
    store.put(number, mark);
    await soon(finished(store.transaction));
    return number;
  }

  /** Return up to `count` objects whose key begins with `head`, in the keys' order. */
  async list(name, head, count) {
    return done(this.#open(name, "readonly").getAll(beginning(head), count));
  }

  async count(name, head) {
    return done(this.#open(name, "readonly").count(beginning(head)));
  }
}

// Arrays are greater than all numbers and texts in IndexedDB's order.
const beginning = (head) => IDBKeyRange.bound(head, [...head, []]);

function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}

class MemoryStore {
  isLasting = false;
  #stores = { saves: new Map(), chunks: new Map(), files: new Map(), marks: new Map() };
  #keys = {
    saves: (value) => value.operation_id,
    files: (value) => value.id,
    chunks: (value) => JSON.stringify([value.session_id, value.stream, value.sequence]),
  };

  async all(name) {
    return [...this.#stores[name].values()];
  }

  async put(name, value) {
    this.#stores[name].set(this.#keys[name](value), value);
  }

  async remove(name, key) {
    this.#stores[name].delete(Array.isArray(key) ? JSON.stringify(key) : key);
  }

  async next(mark, least = 0) {
    const number = Math.max((this.#stores.marks.get(mark) ?? -1) + 1, least);
    this.#stores.marks.set(mark, number);
    return number;
  }

  async list(name, head, count) {
    const start = JSON.stringify(head).slice(0, -1);
    return [...this.#stores[name]]
      .filter(([key]) => key.startsWith(start))
      .map(([, value]) => value)
      .sort((a, b) => a.sequence - b.sequence)
      .slice(0, count);
  }

  async count(name, head) {
    return (await this.list(name, head, Infinity)).length;
  }
}
