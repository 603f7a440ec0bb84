// PouchDB does the work that peers/pouch.py wrote as lines of JSON, and answers what it took as one line of JSON.
//
// Devices are databases of PouchDB's LevelDB adapter; the server is another one behind express-pouchdb, over HTTP on
// the loopback address, all in this one process. A row is a document, an edit a get and a put, as applications do it.
// Bytes are those of the bodies, packed where PouchDB and its server pack them. Devices take turns.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import assert from 'node:assert/strict';

const require = createRequire(import.meta.url);
const PouchDB = require('pouchdb');
const expressPouch = require('express-pouchdb');
const BATCH = 1000; // documents a request; PouchDB's own 100 would take longer
const IDLE = 30; // exchanges with nothing new, of which the median counts

const lines = (folder, name) =>
  readFileSync(join(folder, `${name}.jsonl`), 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line));
const seconds = async work => {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
};

async function serve(folder) {
  const counted = { sent: 0, received: 0, requests: 0 };
  const here = PouchDB.defaults({ prefix: join(folder, 'server-') });
  const app = expressPouch(here, { mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: join(folder, 'log.txt') });
  const server = createServer((request, response) => {
    counted.requests += 1;
    counted.sent += Number(request.headers['content-length'] ?? 0);
    for (const name of ['write', 'end']) {
      const plain = response[name].bind(response);
      response[name] = (chunk, ...rest) => {
        if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) counted.received += Buffer.byteLength(chunk);
        return plain(chunk, ...rest);
      };
    }
    app(request, response);
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${server.address().port}`;
  return { counted, holds: name => ({ url: `${url}/${name}`, stored: new here(name) }) };
}

async function record(database, edits) {
  for (const { op, id, set } of edits) {
    if (op === 'insert') await database.put({ _id: id, ...set });
    else {
      const found = await database.get(id);
      await (op === 'delete' ? database.remove(found) : database.put({ ...found, ...set }));
    }
  }
}

async function bulk(database, rows) {
  for (let at = 0; at < rows.length; at += BATCH) {
    const answers = await database.bulkDocs(rows.slice(at, at + BATCH).map(({ id, set }) => ({ _id: id, ...set })));
    assert(answers.every(answer => answer.ok));
  }
}

// Every document as it is, without its revision.
async function rows(database) {
  const found = await database.allDocs({ include_docs: true });
  return new Map(found.rows.map(({ id, doc: { _id, _rev, ...set } }) => [id, set]));
}

function expected(built, edits) {
  const found = new Map(built.map(({ id, set }) => [id, set]));
  for (const { op, id, set } of edits) {
    if (op === 'delete') found.delete(id);
    else found.set(id, { ...found.get(id), ...set });
  }
  return found;
}

async function measured(server, work) {
  Object.assign(server.counted, { sent: 0, received: 0, requests: 0 });
  const took = await seconds(work);
  return { took, ...server.counted };
}

const from = (database, url) => database.replicate.from(url, { batch_size: BATCH });
const to = (database, url) => database.replicate.to(url, { batch_size: BATCH });
// Both ways, for each way has a mark of its own: the first push asks about every document, and is not what is measured.
const settle = async (database, url) => (await from(database, url), await to(database, url));

async function overlapping(server, open, built, each) {
  const { url, stored } = server.holds('overlapping');
  await bulk(stored, built);
  const devices = each.map((_, number) => open(`device-${number}`));
  for (const device of devices) await settle(device, url);
  for (const [number, edits] of each.entries()) await record(devices[number], edits);
  const took = await measured(server, async () => {
    for (const device of devices) await to(device, url);
    for (const device of devices) await from(device, url);
  });
  const last = await rows(stored);
  for (const device of devices) assert.deepEqual(await rows(device), last);
  const found = await stored.allDocs({ include_docs: true, conflicts: true });
  return { ...took, conflicts: found.rows.reduce((sum, { doc }) => sum + (doc._conflicts?.length ?? 0), 0) };
}

async function alone(server, open, built, edits) {
  const { url, stored } = server.holds('building');
  await bulk(stored, built);
  const [mine, other] = [open('mine'), open('other')];
  const w1 = await measured(server, () => from(mine, url));
  assert.deepEqual(await rows(mine), expected(built, []));
  await to(mine, url);
  await settle(other, url);
  await record(mine, edits);
  const w2 = await measured(server, () => to(mine, url));
  const w3 = await measured(server, () => from(other, url));
  assert.deepEqual(await rows(other), expected(built, edits));
  return { w1, w2, w3, w6: await idle(server, mine, url) };
}

async function idle(server, mine, url) {
  const both = () => mine.sync(url, { batch_size: BATCH });
  await both();
  const found = [];
  for (let n = 0; n < IDLE; n += 1) found.push(await measured(server, both));
  return found.sort((a, b) => a.took - b.took)[Math.floor(IDLE / 2)];
}

const folder = process.argv[2];
const open = name => new PouchDB(join(folder, name));
const server = await serve(folder);
const built = lines(folder, 'building');
const answer = await alone(server, open, built, lines(folder, 'edits'));
answer.w4 = await overlapping(server, open, built, lines(folder, 'overlapping'));
console.log(JSON.stringify(answer));
process.exit(0); // express-pouchdb keeps timers
