// What became of a row, asked of the server a page at a time. The first page that came last is kept in the building's
// own file, of the rows that were looked at last: it is here without a network, and goes when the building goes.

const ROWS_KEPT = 60;
const AWAY = new Set(['network', 'server', 'busy', 'login']);

/** {items, next, total, asked_at}; `asked_at` is null where nothing could be asked, now or ever; `away` where not now. */
export async function past(replica, server, table, id, next) {
  const page = `/api/v1/buildings/${replica.scope}/${table}/${id}/history`;
  try {
    const answer = await server.json('GET', next ? `${page}?next=${encodeURIComponent(next)}` : page);
    const told = { ...answer, asked_at: new Date().toISOString() };
    if (!next) keep(replica, id, told);
    return { ...told, away: false };
  } catch (error) {
    if (!AWAY.has(error.kind) || next) throw error;
    const kept = JSON.parse(replica.state(`past/${id}`) ?? 'null');
    return { ...(kept ?? { items: [], total: 0, asked_at: null }), next: null, away: true };
  }
}

function keep(replica, id, told) {
  replica.database.transaction(() => {
    const ids = JSON.parse(replica.state('past') ?? '[]').filter((one) => one !== id);
    for (const old of ids.splice(0, ids.length + 1 - ROWS_KEPT)) replica.setState({ [`past/${old}`]: null });
    replica.setState({ past: JSON.stringify([...ids, id]), [`past/${id}`]: JSON.stringify(told) });
  });
}
