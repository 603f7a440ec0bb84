// The colour of a person: what their row of `member` says, else the one that the server would give them
// (server/accounts/people.py, colour_of): who made a building, or administers the server, may have no such row.

import { sha256 } from '../core/sha256.js';

const COLOURS = ['#0b6e4f', '#8f2d56', '#1d4e89', '#b85c00', '#5f3dc4', '#00707f', '#7a4f01', '#a61e4d'];

export const colourOf = (user) => COLOURS[(sha256(user)[0] >>> 24) % COLOURS.length];

/** The colours of these people: user → colour. */
export async function coloursOf(replica, scope, users) {
  const members = await replica.query(scope, 'select user_id, colour from member where colour is not null', []);
  const known = new Map(members.map((member) => [member.user_id, member.colour]));
  return new Map([...users].map((user) => [user, known.get(user) ?? colourOf(user)]));
}
