// What a device remembers of its syncs for its person: when all was saved, why the last exchange failed, and what
// happened that they have not put away yet. The mirror of client_kit/telling.py; kept person by person.

const NOTICES_MAX = 20;
const NOTHING = { saved_at: null, problem: null, notices: [] };

export class Telling {
  constructor(home) {
    this.home = home;
  }

  read() {
    return { ...NOTHING, ...this.home.kept(`told/${this.home.name}`) };
  }

  /** Put the notices away. */
  clear() {
    this.write({ ...this.read(), notices: [] });
  }

  /** Hear what the loop tells; keep what matters later. */
  hear(what, facts) {
    const told = this.read();
    const next = after(told, what, facts);
    if (next !== told) this.write(next);
  }

  write(told) {
    this.home.keep(`told/${this.home.name}`, told);
  }
}

function after(told, what, facts) {
  switch (what) {
    case 'badge':
      return facts.state === 'saved' ? { ...told, saved_at: new Date().toISOString(), problem: null } : told;
    case 'problem':
      return { ...told, problem: { code: facts.code, detail: facts.detail, hint: facts.hint } };
    case 'applied':
      return facts.live || told.problem === null ? told : { ...told, problem: null };
    case 'fork':
      return noted(told, 'forked', facts.pending);
    case 'dropped':
      return noted(told, 'revoked', facts.unsent, facts.scope, facts.name);
    case 'evicted':
      return noted(told, 'evicted', facts.known, facts.scope, facts.name);
    default:
      return told;
  }
}

function noted(told, what, count, scope = null, name = null) {
  const notice = { what, at: new Date().toISOString(), scope, name, count };
  return { ...told, notices: [...told.notices, notice].slice(-NOTICES_MAX) };
}
