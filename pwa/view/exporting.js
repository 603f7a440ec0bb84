// Exports of a building: what may be chosen, and each as one thing, from the rows that all of its people have and the
// jobs of this person's own, which know more and sooner.

export const FORMATS = ['gpkg', 'geojson', 'csv'];

/** What a person calls the content → the tables; all of them: whatever there is. */
export const CONTENT = {
  plan: ['building', 'storey', 'space', 'element', 'system', 'floor_plan'],
  work: ['task', 'validation', 'ar_capture', 'measurement', 'work_order'],
  remarks: ['annotation', 'comment', 'attachment'],
};

const FRESH_MS = 60_000; // a job that is done and has no row: the row comes after it, or it has been gone for long
const STEPS = ['waiting', 'running', 'failed', 'done'];

/** The body that asks for it; what is chosen whole is left out, so that what comes to be later is in it too. */
export function wanted(building, storeys, content) {
  const body = { building_id: building };
  if (storeys.length) body.storeys = storeys;
  if (content.length < Object.keys(CONTENT).length) body.tables = content.flatMap((word) => CONTENT[word]);
  return body;
}

/** The words of CONTENT that the tables stand for; none where they are all there is. */
export function contentOf(tables) {
  return tables ? Object.keys(CONTENT).filter((word) => CONTENT[word].some((table) => tables.includes(table))) : [];
}

/**
 * One list of rows and jobs, the newest first; what was cancelled or is over is not in it, nor is a job of which a frame of
 * the socket came before the answer that says what it is of.
 */
export function merged(rows, jobs, now) {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const told = rows.filter(({ expires_at: until }) => !until || Date.parse(until) > now).map((row) => one(row, byId.get(row.id)));
  const known = new Set(rows.map(({ id }) => id));
  const alone = jobs.filter((job) => !known.has(job.id) && job.arguments && (job.state !== 'done' || now - Date.parse(job.finished_at) < FRESH_MS));
  return [...told, ...alone.map((job) => one(null, job))].filter(({ state }) => state !== 'cancelled').sort((a, b) => b.at.localeCompare(a.at));
}

function one(row, job) {
  const asked = job?.arguments ?? row?.filter ?? {};
  return {
    id: row?.id ?? job.id,
    format: row?.format ?? asked.format,
    storeys: asked.storeys ?? null,
    tables: asked.tables ?? null,
    state: later(row?.state, job?.state),
    at: row?.created_at ?? job.created_at,
    by: row?.created_by ?? job.user_id,
    done: job?.result?.rows ?? null,
    of: job?.result?.of ?? null,
    bytes: row?.byte_size ?? job?.result?.bytes ?? null,
    until: row?.expires_at ?? null,
    fetched: row?.download_count ?? 0,
    problem: job?.problem ?? null,
    job: Boolean(job),
  };
}

/** Either may lag behind the other. */
function later(row, job) {
  if (job === 'cancelled' && row !== 'done') return job;
  return STEPS.indexOf(job) > STEPS.indexOf(row) ? job : row;
}

/** "too_large: 3 rows" as a problem of the server's. */
export function problemOf(text) {
  const found = text?.match(/^([a-z_]+): (.*)$/s);
  return found ? { code: found[1], detail: found[2] } : { detail: text ?? '' };
}
