// A download that was cut, kept until it goes on: bytes as they came, and the tag of the file they are of. In the
// origin's private file system where there is one, so that it outlives the tab; else in this worker's memory.

const FOLDER = 'arxos-parts';
const inMemory = new Map();

/** A part under a name: {tag, size, begin(tag), append(bytes), read(), drop(), close()}. */
export async function openPart(name, memory) {
  if (memory) {
    if (!inMemory.has(name)) inMemory.set(name, new MemoryPart(name));
    return inMemory.get(name);
  }
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER, { create: true });
  const [bytes, tag] = await Promise.all([`${name}.part`, `${name}.tag`].map(async (file) =>
    (await folder.getFileHandle(file, { create: true })).createSyncAccessHandle()));
  return new FilePart(folder, name, bytes, tag);
}

class FilePart {
  constructor(folder, name, bytes, tagFile) {
    Object.assign(this, { folder, name, bytes, tagFile });
    const text = new Uint8Array(tagFile.getSize());
    tagFile.read(text, { at: 0 });
    this.tag = new TextDecoder().decode(text) || null;
    this.size = this.tag ? bytes.getSize() : 0;
  }

  /** What follows is of the file with that tag, from its start. */
  begin(tag) {
    this.tagFile.truncate(0);
    this.bytes.truncate(0);
    this.tagFile.write(new TextEncoder().encode(tag), { at: 0 });
    this.tagFile.flush();
    this.tag = tag;
    this.size = 0;
  }

  append(bytes) {
    this.bytes.write(bytes, { at: this.size });
    this.size += bytes.length;
  }

  read() {
    const whole = new Uint8Array(this.size);
    this.bytes.read(whole, { at: 0 });
    return whole;
  }

  close() {
    this.bytes.flush();
    this.bytes.close();
    this.tagFile.close();
  }

  async drop() {
    this.close();
    for (const file of [`${this.name}.part`, `${this.name}.tag`]) await this.folder.removeEntry(file);
  }
}

class MemoryPart {
  constructor(name) {
    Object.assign(this, { name, tag: null, size: 0, chunks: [] });
  }

  begin(tag) {
    Object.assign(this, { tag, size: 0, chunks: [] });
  }

  append(bytes) {
    this.chunks.push(bytes);
    this.size += bytes.length;
  }

  read() {
    const whole = new Uint8Array(this.size);
    let place = 0;
    for (const chunk of this.chunks) {
      whole.set(chunk, place);
      place += chunk.length;
    }
    return whole;
  }

  close() {}

  drop() {
    inMemory.delete(this.name);
  }
}
