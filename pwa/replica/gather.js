// The private file system with writes gathered: SQLite writes a journal in threes (a number, a page, a sum) and a file page
// by page, and every write is a call into the browser's file layer. What follows on what was just written waits in memory
// until something else is asked of the file; `flush` writes first, so what SQLite has synced is on the disk as ever, and
// what it has not synced it does not count on.

const GATHERED_BYTES_MAX = 256 * 1024;

/** The root of the private file system, its folders and files wrapped, for the pool to find its files in. */
export async function gatheringRoot() {
  return new Folder(await navigator.storage.getDirectory());
}

class Folder {
  constructor(folder) {
    this.folder = folder;
    this.kind = folder.kind;
    this.name = folder.name;
  }

  async getDirectoryHandle(...asked) {
    return new Folder(await this.folder.getDirectoryHandle(...asked));
  }

  async getFileHandle(...asked) {
    return new File(await this.folder.getFileHandle(...asked));
  }

  removeEntry(...asked) {
    return this.folder.removeEntry(...asked);
  }

  async *[Symbol.asyncIterator]() {
    for await (const [name, one] of this.folder) yield [name, one.kind === 'file' ? new File(one) : new Folder(one)];
  }
}

class File {
  constructor(file) {
    this.file = file;
    this.kind = file.kind;
    this.name = file.name;
  }

  async createSyncAccessHandle(...asked) {
    return new Gathered(await this.file.createSyncAccessHandle(...asked));
  }
}

/** An access handle that writes what follows on the last write along with it. */
export class Gathered {
  constructor(handle) {
    this.handle = handle;
    this.held = null;
    this.from = 0;
    this.length = 0;
  }

  get end() {
    return this.from + this.length;
  }

  write(given, { at }) {
    const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
    if (at !== this.end || this.length + bytes.length > GATHERED_BYTES_MAX) this.drain();
    if (bytes.length > GATHERED_BYTES_MAX) return this.handle.write(bytes, { at });
    if (!this.length) this.from = at;
    this.held ??= new Uint8Array(GATHERED_BYTES_MAX);
    this.held.set(bytes, this.length);
    this.length += bytes.length;
    return bytes.length;
  }

  read(into, { at }) {
    const end = at + into.byteLength;
    // what waits past the file's end makes zeros of all between
    if (this.length && (end > this.from || end > this.handle.getSize())) this.drain();
    return this.handle.read(into, { at });
  }

  getSize() {
    return this.length ? Math.max(this.handle.getSize(), this.end) : this.handle.getSize();
  }

  truncate(size) {
    this.drain();
    this.handle.truncate(size);
  }

  flush() {
    this.drain();
    this.handle.flush();
  }

  close() {
    try {
      this.drain();
    } finally {
      this.handle.close();
    }
  }

  /** Write what waits. Where the disk is full, SQLite hears of it at its next sync, and rolls back. */
  drain() {
    if (!this.length) return;
    const { from, length } = this;
    this.length = 0;
    const written = this.handle.write(this.held.subarray(0, length), { at: from });
    if (written !== length) throw new Error(`${written} of ${length} bytes could be written`);
  }
}
