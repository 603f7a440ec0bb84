// Full text over a building's elements and spaces. The index is derived: it lies in a database of its own in memory, so no
// replica file, digest or change log knows of it. It is of the building that was last searched, filled at its first search
// and again at the first one after its rows changed.

import { CATALOGUES } from '../words/language.js';

export const FOUND_MAX = 50;
const SEARCHED = ['element', 'space', 'storey'];
const WEIGHTS = [0, 0, 0, 0, 6, 10, 8, 8, 2, 1]; // of the columns below: what a thing is called counts before where it is

const TABLE = `
  create virtual table found using fts5(
    what unindexed, id unindexed, storey_id unindexed, ifc_class unindexed, name, tag, serial, barcode, room, words,
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3', detail = full)`;

const ELEMENTS = `
  select 'element', element.id, element.storey_id, element.ifc_class, element.name, element.tag, element.serial_number,
    element.barcode, trim(coalesce(space.number, '') || ' ' || coalesce(space.name, '') || ' ' || coalesce(storey.name, ''))
  from element
  left join space on space.id = element.space_id
  left join storey on storey.id = element.storey_id`;

const SPACES = `
  select 'space', space.id, space.storey_id, null, space.name, space.number, null, null, storey.name, space.usage
  from space
  left join storey on storey.id = space.storey_id`;

export class Search {
  #open;
  #index = null;
  #database = null;
  #stale = true;

  /** `open`: makes an empty database in memory. */
  constructor(open) {
    this.#open = open;
  }

  /** Rows of these tables of the replica in this database are no more what they were. */
  changed(database, tables) {
    if (database === this.#database && tables.some((table) => SEARCHED.includes(table))) this.#stale = true;
  }

  /** [{what, id, storey_id, ifc_class, name, tag, room}], the best first. */
  find(database, text) {
    const match = matching(text);
    if (!match) return [];
    if (database !== this.#database || this.#stale) this.#fill(database);
    return this.#index.exec({
      sql: `
        select what, id, storey_id, ifc_class, name, tag, room
        from found
        where found match ?
        order by bm25(found, ${WEIGHTS}), name, tag, id
        limit ${FOUND_MAX}`,
      bind: [match],
      rowMode: 'object',
      returnValue: 'resultRows',
    });
  }

  #fill(database) {
    this.#index ??= this.#open();
    this.#index.exec(`drop table if exists found; ${TABLE}; begin`);
    const insert = this.#index.prepare('insert into found values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    try {
      for (const row of database.values(ELEMENTS)) insert.bind([...row, classWords(row[3])]).stepReset();
      for (const row of database.values(SPACES)) insert.bind(row).stepReset();
    } finally {
      insert.finalize();
      this.#index.exec('commit');
    }
    this.#database = database;
    this.#stale = false;
  }
}

/** Every word must begin some word of the thing, in whatever order; null where there is none. */
export function matching(text) {
  const words = text.replace(/["\0]/g, ' ').split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return words.map((word) => `"${word}"*`).join(' AND ') || null;
}

/** IfcFlowTerminal → Flow Terminal, and what each language calls it. */
function classWords(ifcClass) {
  const own = (ifcClass ?? '').replace(/^Ifc/, '').replace(/([a-z])([A-Z])/g, '$1 $2');
  return [own, ...Object.values(CATALOGUES).map(({ classes }) => classes[ifcClass])].filter(Boolean).join(' ');
}
