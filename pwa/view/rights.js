// What the person may do in a building, by the role the server told last. It judges every change again.

import { ROLES, TABLES } from '../core/catalogue.js';

/** The role in a scope, as last heard; null before the first exchange. */
export function roleIn(replica, scope) {
  return replica.status().scopes.find((one) => one.scope === scope)?.role ?? null;
}

/** May they do `op` (insert, update, delete) to rows of a table? Before the first exchange whoever is logged in may try. */
export function may(replica, scope, table, op) {
  if (!replica.me()) return false;
  const role = roleIn(replica, scope);
  return role === null || ROLES.indexOf(role) >= ROLES.indexOf(TABLES[table][op]);
}
