// The person's own scope on this device: notices and wallet entries come with it, and are here without a network.

export function scopeOf(replica) {
  const me = replica.me();
  const scope = me && `user:${me.id}`;
  return replica.status().scopes.some((one) => one.scope === scope) ? scope : null;
}

/** Rows of it; null where it has not come yet. */
export async function own(replica, sql, parameters = []) {
  const scope = scopeOf(replica);
  return scope && replica.query(scope, sql, parameters);
}

/** Runs `again` when one of the tables moved, when the scope has come, and when the network comes or goes. */
export function watchOwn(replica, ears, tables, again) {
  const state = () => `${scopeOf(replica)} ${replica.status().state === 'offline'}`;
  let known = state();
  ears.on(replica, 'change', ({ detail }) => {
    if (detail.scope === scopeOf(replica) && detail.tables.some((table) => tables.includes(table))) again();
  });
  ears.on(replica, 'status', () => {
    if (state() !== known) again();
    known = state();
  });
}

export const isOffline = (replica) => replica.status().state === 'offline';
