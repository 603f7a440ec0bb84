// What others change while one looks lights up for a moment in their colour: on the plan, and in the list beside it.
// Under reduced motion it is a ring that stands still, and is gone after the same time. Nobody is told twice: what
// changed is in the row itself, the light says only where.

export const GLOW_MS = 2000;
const LATELY_MS = 300_000; // what is older was caught up with, not seen to happen
const AT_ONCE_MAX = 60; // beyond it something was brought in, and all would be alight

export const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** The rows that another person changed between two looks: id → user. `before` null: there was none. */
export function changedByOthers(before, rows, me, now) {
  if (!before) return new Map();
  const former = new Map(before.map((row) => [row.id, row.updated_at]));
  const theirs = rows.filter(({ id, updated_at: at, updated_by: by }) =>
    by && by !== me && at && at !== former.get(id) && Math.abs(now - Date.parse(at)) < LATELY_MS);
  return new Map(theirs.length > AT_ONCE_MAX ? [] : theirs.map((row) => [row.id, row.updated_by]));
}

/** What is alight: `put(id → colour)`, `lit(now)` answers id → {colour, strength from 1 to 0}. */
export class Glows {
  #lit = new Map();

  put(colours, now = performance.now()) {
    for (const [id, colour] of colours) this.#lit.set(id, { colour, since: now });
  }

  lit(now = performance.now()) {
    for (const [id, { since }] of this.#lit) if (now - since >= GLOW_MS) this.#lit.delete(id);
    return new Map([...this.#lit].map(([id, { colour, since }]) => [id, { colour, strength: still() ? 1 : 1 - (now - since) / GLOW_MS }]));
  }
}
