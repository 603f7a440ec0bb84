// The bytes of attachments in this browser: files in its private file system, apart from the database's.
//
//   arxos-photos/<person>/<scope>/new/<sha256>     taken here, not known to be on the server: the queue of uploads
//                                 whole/<sha256>   originals that the server has too
//                                 small/<sha256>   small pictures; empty: the server can make none
//                                 page/<sha256>-<n>  pictures of pages that lie beneath plans; empty: the same
//                                 part/<sha256>    an original on its way down
// A name in `new`, `whole`, `small` or `page` stands for a whole file: it is written beside, and moved there when it is on disk.
// Where the browser gives no file system, everything is in memory, and the page says so.

const ROOT = 'arxos-photos';
const DRAFTS = 'draft';

export class AttachmentFiles {
  static async open(inMemory) {
    const root = inMemory ? null : await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT, { create: true });
    return new AttachmentFiles(root);
  }

  constructor(root) {
    this.root = root;
    this.inMemory = new Map(); // "person/scope/kind/name" → Blob
  }

  /** Keep bytes under `place` = [person, scope, kind, name]; on disk when it answers. */
  async keep(place, blob) {
    if (!this.root) return void this.inMemory.set(place.join('/'), blob);
    const [person, scope, kind, name] = place;
    const draft = [person, scope, DRAFTS, `${kind}-${name}`];
    await this.write(draft, await blob.arrayBuffer(), 0, { cut: true });
    await this.move(draft, place);
  }

  /** Write bytes at an offset of a file that may be unfinished. */
  async write(place, bytes, at, { cut = false } = {}) {
    if (!this.root) {
      const before = cut ? new Blob() : ((await this.read(place)) ?? new Blob());
      return void this.inMemory.set(place.join('/'), new Blob([before.slice(0, at), bytes]));
    }
    const folder = await this.folder(place.slice(0, -1), true);
    const file = await folder.getFileHandle(place.at(-1), { create: true });
    const handle = await file.createSyncAccessHandle();
    try {
      if (cut) handle.truncate(0);
      if (handle.write(bytes, { at }) < bytes.byteLength) throw new Error('The storage is full.');
      handle.flush();
    } finally {
      handle.close();
    }
  }

  /** The file's bytes, or null where there is none. */
  async read(place) {
    if (!this.root) return this.inMemory.get(place.join('/')) ?? null;
    try {
      const folder = await this.folder(place.slice(0, -1), false);
      return await (await folder.getFileHandle(place.at(-1))).getFile();
    } catch (error) {
      return absent(error);
    }
  }

  async move(from, to) {
    if (!this.root) {
      this.inMemory.set(to.join('/'), this.inMemory.get(from.join('/')));
      return void this.inMemory.delete(from.join('/'));
    }
    const source = await this.folder(from.slice(0, -1), false);
    const target = await this.folder(to.slice(0, -1), true);
    await (await source.getFileHandle(from.at(-1))).move(target, to.at(-1));
  }

  async remove(place) {
    if (!this.root) {
      for (const key of [...this.inMemory.keys()]) if (`${key}/`.startsWith(`${place.join('/')}/`)) this.inMemory.delete(key);
      return;
    }
    try {
      await (await this.folder(place.slice(0, -1), false)).removeEntry(place.at(-1), { recursive: true });
    } catch (error) {
      absent(error);
    }
  }

  /** The names below a place: files of a kind, or the scopes of a person. */
  async names(place) {
    if (!this.root) {
      const start = `${place.join('/')}/`;
      const below = [...this.inMemory.keys()].filter((key) => key.startsWith(start));
      return new Set(below.map((key) => key.slice(start.length).split('/')[0]));
    }
    try {
      const found = new Set();
      for await (const name of (await this.folder(place, false)).keys()) found.add(name);
      return found;
    } catch (error) {
      return absent(error) ?? new Set();
    }
  }

  async folder(names, create) {
    let folder = this.root;
    for (const name of names) folder = await folder.getDirectoryHandle(name, { create });
    return folder;
  }
}

function absent(error) {
  if (error.name === 'NotFoundError') return null;
  throw error;
}
