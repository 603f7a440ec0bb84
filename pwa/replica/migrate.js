// Bringing a replica's file up to the schema and the triggers of this app, in place: the mirror of
// arxos_sync/storage/replica_upgrade.py, from the same SQL (replica.sql, made from the catalogue).
//
// The file is compared with what that SQL makes in memory: what is missing is added, our triggers are made anew, nothing
// is taken away, all in one database transaction. Geometry columns are SpatiaLite's to register, which is not here: a new
// one is registered as those are that stand in the file already.

const KINDS = { GEOMETRY: 0, POINT: 1, LINESTRING: 2, POLYGON: 3, MULTIPOINT: 4, MULTILINESTRING: 5, MULTIPOLYGON: 6 };
const REGISTERED = /RecoverGeometryColumn\('(\w+)', '(\w+)', (-?\d+), '(\w+)', '(XYZ?)'\)/;
const NEVER = '0000-01-01T00:00:00.000Z';

const state = (database, key) => database.one('select value from arxos_state where key = ?', [key]);

/** Is there nothing to do? Throws `upgrade_required` for a file of a newer schema, which is left as it is. */
export function isCurrent(database, { schema, made }) {
  const held = Number(state(database, 'schema') ?? 1);
  if (held > schema) {
    const detail = `This building was kept by a newer version of the app (schema ${held}, here ${schema}).`;
    const hint = 'Reload the app; unsent work stays on the device.';
    throw Object.assign(new Error(detail), { kind: 'upgrade', code: 'upgrade_required', detail, hint });
  }
  return held === schema && state(database, 'made') === made;
}

/** Add to the file what the SQL makes and the file lacks. */
export function upgrade(database, sql, { schema, made }) {
  const wanted = wantedBy(database, sql);
  database.transaction(() => {
    for (const name of named(database, 'trigger')) {
      if (name.startsWith('arxos_')) database.db.exec(`drop trigger "${name}"`);
    }
    const held = new Set(named(database, 'table'));
    for (const [table, create] of wanted.table) {
      if (!held.has(table)) database.db.exec(create);
      else addColumns(database, table, wanted.columns.get(table));
    }
    for (const said of wanted.geometries) register(database, said);
    const indexes = new Set(named(database, 'index'));
    for (const [name, create] of wanted.index) if (!indexes.has(name)) database.db.exec(create);
    for (const create of wanted.trigger.values()) database.db.exec(create);
    database.run('insert or replace into arxos_state (key, value) values (?, ?)', ['schema', String(schema)]);
    database.run('insert or replace into arxos_state (key, value) values (?, ?)', ['made', made]);
  });
}

function named(database, type) {
  return database.values('select name from sqlite_master where type = ?', [type]).map(([name]) => name);
}

function addColumns(database, table, columns) {
  const there = new Set(database.values(`pragma table_info("${table}")`).map(([, name]) => name));
  for (const [, name, type, notNull, standard] of columns) {
    if (there.has(name)) continue;
    const rest = [type, ...(notNull ? ['not null'] : []), ...(standard === null ? [] : [`default ${standard}`])];
    database.db.exec(`alter table "${table}" add column "${name}" ${rest.join(' ')}`);
  }
}

/** What a file of this kind made today would hold, by name. */
function wantedBy(database, sql) {
  const kind = state(database, 'kind');
  const memory = new database.sqlite3.oo1.DB(':memory:');
  const wanted = { table: new Map(), index: new Map(), trigger: new Map(), columns: new Map(), geometries: [] };
  try {
    for (const [heading, body] of sections(sql, kind)) {
      if (heading[0] === 'geometry') wanted.geometries.push(REGISTERED.exec(body).slice(1));
      else memory.exec(body);
    }
    const values = (text) => memory.exec({ sql: text, rowMode: 'array', returnValue: 'resultRows' });
    for (const [type, name, create] of values('select type, name, sql from sqlite_master where sql is not null')) {
      if (name !== 'sqlite_sequence') wanted[type].set(name, create);
    }
    for (const table of wanted.table.keys()) wanted.columns.set(table, values(`pragma table_info("${table}")`));
    return wanted;
  } finally {
    memory.close();
  }
}

/** The sections of the SQL that a file of that kind is made by. */
function sections(sql, kind) {
  const found = sql.split('\n--: ').slice(1).map((part) => {
    const end = part.indexOf('\n');
    return [part.slice(0, end).split(' '), part.slice(end + 1)];
  });
  const scopes = new Map(found.filter(([heading]) => heading[0] === 'table').map(([heading]) => [heading[1], heading[2]]));
  return found.filter(([heading]) => heading[0] === 'beside' || scopes.get(heading[1]) === kind);
}

/** Make a geometry column known and indexed, by the triggers of one that SpatiaLite registered. */
function register(database, [table, column, srid, kind, dimensions]) {
  const known = database.values('select f_table_name, f_geometry_column from geometry_columns');
  if (known.some(([of, name]) => of === table && name === column)) return;
  if (!known.length) throw new Error(`${table}.${column}: no geometry column to go by`);
  const [like, place] = known[0];
  const suffix = `_${like}_${place}`;
  const code = KINDS[kind] + (dimensions === 'XYZ' ? 1000 : 0);
  database.run('insert into geometry_columns values (?, ?, ?, ?, ?, 1)', [table, column, code, dimensions.length, Number(srid)]);
  database.run('insert into geometry_columns_auth values (?, ?, 0, 0)', [table, column]);
  database.run('insert into geometry_columns_statistics (f_table_name, f_geometry_column) values (?, ?)', [table, column]);
  database.run('insert into geometry_columns_time values (?, ?, ?, ?, ?)', [table, column, NEVER, NEVER, NEVER]);
  database.db.exec(`create virtual table "idx_${table}_${column}" using rtree(pkid, xmin, xmax, ymin, ymax)`);
  for (const [name, create] of database.values(`select name, sql from sqlite_master where type = 'trigger' order by rowid`)) {
    const models = name.endsWith(suffix) && name.length === suffix.length + 3; // gii, giu, tmi and such
    if (models) database.db.exec(renamed(create, [like, place], [table, column]));
  }
}

/** A trigger's SQL with table and column of another: as names, in texts, and joined in the names made of both. */
function renamed(sql, [like, place], [table, column]) {
  return sql
    .replaceAll(`_${like}_${place}`, `_${table}_${column}`)
    .replaceAll(`${like}.${place}`, `${table}.${column}`)
    .replace(/(["'])(\w+)\1/g, (text, quote, name) => {
      if (name === like) return `${quote}${table}${quote}`;
      return name === place ? `${quote}${column}${quote}` : text;
    });
}
