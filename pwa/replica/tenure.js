// Whose the files are. The Web Lock says which tab leads; but a tab whose process was stopped keeps its handles and knows
// of nothing, and it may wake at any moment, between any two of its instructions. So it is not asked to stop: the files
// are taken from it.
//
//   arxos-gate       held by whoever is taking over, for as long as it takes: one at a time
//   arxos-lead       "<claim> <folder>": who leads, and where the files are; held by each leader for all its life
//   arxos, arxos-…   the folders of files; one counts, the others are of leaders that were left behind
//
// 1. A new leader writes its claim. From then on the one before finds another name there (`lost`), and says nothing more:
//    it asks `lost` after its last commit and before each answer and each request. What it has answered was committed
//    before the claim; what it has not answered is asked of the new one.
// 2. Where nobody else holds `arxos-lead`, the files are used as they are. Else they are copied, until a pass over all
//    of them finds nothing changed, to a folder that the one before has no handle of: what it still writes harms nobody.
// Handles are shared (`readwrite-unsafe`) so that they can be taken; a browser that cannot share them refuses the second,
// and the person is told which tab to close.

import { newId } from './ids.js';

const [GATE, LEAD, FIRST_FOLDER] = ['arxos-gate', 'arxos-lead', 'arxos'];
const SHARED = { mode: 'readwrite-unsafe' };
const TRIES_MAX = 20; // the tab before may be on its way out
const TRIES_STOLEN_MAX = 3; // that it does not answer is known already
const TRY_AGAIN_MS = 150;
const TRY_LATER_MS = 1000; // once the person was told
const PASSES_MAX = 50;
const CHUNK_BYTES = 1024 * 1024;
const HELD = new Set(['NoModificationAllowedError', 'InvalidStateError']); // what browsers call a handle in other hands
const NAME_BYTES = newId().length;
const LEAD_BYTES = 128;

/** The right to the files, had at the end: {folder, lost()}. `told(true)` when somebody does not let go, false after. */
export async function tenure({ stolen, told }) {
  const root = await navigator.storage.getDirectory();
  for (let tries = 1; ; tries += 1) {
    try {
      const taken = await takeOver(root, tries > (stolen ? TRIES_STOLEN_MAX : TRIES_MAX));
      told(false);
      return taken;
    } catch (error) {
      if (!isHeld(error)) throw error;
      if (tries > TRIES_MAX) told(true);
      await pause(tries > TRIES_MAX ? TRY_LATER_MS : TRY_AGAIN_MS);
    }
  }
}

export const isHeld = (error) => HELD.has(error?.name);

/** A handle that may be taken from us. */
export const shared = (file) => file.createSyncAccessHandle(SHARED);

class Tenure {
  constructor(handle, claim, folder) {
    Object.assign(this, { handle, claim, folder });
    this.found = new Uint8Array(NAME_BYTES);
    this.over = false;
  }

  /** Has another worker claimed the files? Once true, always true. */
  lost() {
    this.over ||= this.handle.read(this.found, { at: 0 }) !== NAME_BYTES || text(this.found) !== this.claim;
    return this.over;
  }
}

async function takeOver(root, impatient) {
  const gate = await (await root.getFileHandle(GATE, { create: true })).createSyncAccessHandle();
  let lead;
  try {
    lead = await openLead(root, impatient);
    const claim = newId();
    const before = lead.folder;
    write(lead.handle, claim, before);
    const folder = lead.alone ? before : `${FIRST_FOLDER}-${claim}`;
    if (!lead.alone) await copy(root, before, folder);
    write(lead.handle, claim, folder);
    await removeOthers(root, folder);
    return new Tenure(lead.handle, claim, folder);
  } catch (error) {
    lead?.handle.close();
    throw error;
  } finally {
    gate.close();
  }
}

/** The file of leaders, shared, and whether nobody else has it: {handle, alone, folder}. */
async function openLead(root, impatient) {
  const file = await root.getFileHandle(LEAD, { create: true });
  let alone = true;
  try {
    (await file.createSyncAccessHandle()).close();
  } catch (error) {
    if (!isHeld(error) || !impatient) throw error;
    alone = false;
  }
  const handle = await shared(file);
  const bytes = new Uint8Array(handle.getSize());
  handle.read(bytes, { at: 0 });
  return { handle, alone, folder: text(bytes).split(' ')[1] || FIRST_FOLDER };
}

/** In one write: who reads it finds the old words or the new ones. */
function write(handle, claim, folder) {
  handle.write(new TextEncoder().encode(`${claim} ${folder} `.padEnd(LEAD_BYTES)), { at: 0 });
  handle.flush();
}

// ---------------------------------------------------------------- the copy

/** Copy a folder until a whole pass finds nothing to write: so it was at one moment, as if the power had gone then. */
async function copy(root, from, to) {
  const source = await root.getDirectoryHandle(from, { create: true });
  const target = await root.getDirectoryHandle(to, { create: true });
  try {
    for (let passes = 0; await pass(source, target); passes += 1) {
      if (passes > PASSES_MAX) throw new DOMException('the files are still being written', 'InvalidStateError');
    }
  } catch (error) {
    await root.removeEntry(to, { recursive: true });
    if (error.name === 'QuotaExceededError') throw new DOMException('no room for a copy', 'InvalidStateError');
    throw error;
  }
}

/** How many pieces had to be written. */
async function pass(source, target) {
  let written = 0;
  for await (const [name, one] of source) {
    if (one.kind === 'directory') written += await pass(one, await target.getDirectoryHandle(name, { create: true }));
    else written += await copyFile(one, await target.getFileHandle(name, { create: true }));
  }
  return written;
}

async function copyFile(from, to) {
  const [source, target] = [await shared(from), await shared(to)];
  try {
    return copyPieces(source, target);
  } finally {
    source.close();
    target.close();
  }
}

function copyPieces(source, target) {
  const size = source.getSize();
  let written = target.getSize() > size ? 1 : 0;
  if (written) target.truncate(size);
  const [there, here] = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)];
  for (let at = 0; at < size; at += CHUNK_BYTES) {
    const piece = there.subarray(0, source.read(there, { at }));
    if (target.read(here, { at }) === piece.length && same(piece, here)) continue;
    if (target.write(piece, { at }) !== piece.length) throw new DOMException('no room for a copy', 'QuotaExceededError');
    written += 1;
  }
  target.flush();
  return written;
}

function same(piece, other) {
  for (let at = 0; at < piece.length; at += 1) if (piece[at] !== other[at]) return false;
  return true;
}

/** Folders of leaders that were left behind; one that is still in a hand stays until the next time. */
async function removeOthers(root, current) {
  const old = [];
  for await (const [name, one] of root) {
    const ours = name === FIRST_FOLDER || name.startsWith(`${FIRST_FOLDER}-0`); // a claim begins with its time
    if (one.kind === 'directory' && ours && name !== current) old.push(name);
  }
  for (const name of old) {
    await root.removeEntry(name, { recursive: true }).catch((error) => {
      if (!isHeld(error)) throw error;
    });
  }
}

const text = (bytes) => new TextDecoder().decode(bytes);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
