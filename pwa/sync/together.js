// Who else is in a building just now. The server keeps nothing of it: who was not heard of for a minute is gone, and so
// is everybody when the socket is.

const FADES_MS = 60_000;

export class Together {
  #scopes = new Map(); // scope → peer → {peer, user, name, colour, storey, selection, editing, at}

  /** A frame's data. Answers whether anything is to be shown anew. */
  hear({ scope, peer, left = false, ...said }, now) {
    const here = this.#scopes.get(scope) ?? new Map();
    if (left) return here.delete(peer);
    this.#scopes.set(scope, here);
    const former = here.get(peer);
    here.set(peer, { peer, ...said, at: now });
    return !former || JSON.stringify({ ...former, at: now }) !== JSON.stringify(here.get(peer));
  }

  /** Let go of whoever was not heard of; answers the scopes where somebody was. */
  fade(now) {
    const moved = [];
    for (const [scope, here] of this.#scopes) {
      const gone = [...here.values()].filter((one) => one.at <= now - FADES_MS);
      for (const one of gone) here.delete(one.peer);
      if (gone.length) moved.push(scope);
    }
    return moved;
  }

  /** Nobody is heard of any more; answers the scopes where somebody was. */
  lost() {
    const moved = [...this.#scopes].filter(([, here]) => here.size).map(([scope]) => scope);
    this.#scopes.clear();
    return moved;
  }

  /** By name. */
  people(scope) {
    const order = (a, b) => String(a.name).localeCompare(b.name) || (a.peer < b.peer ? -1 : 1);
    return [...(this.#scopes.get(scope)?.values() ?? [])].toSorted(order);
  }
}

/** What several tabs of one browser say of themselves, as the one that its socket can show: the last that spoke. */
export class Tabs {
  #said = new Map(); // scope → tab → {said, at}, the last that spoke at the end

  /** `said`: {storey, selection, editing}; null: this tab looks at something else. */
  say(tab, scope, said, now) {
    const tabs = this.#said.get(scope) ?? new Map();
    this.#said.set(scope, tabs);
    tabs.delete(tab);
    if (said) tabs.set(tab, { said, at: now });
  }

  /** Null where no tab looks at that building, or none has said so for a minute. */
  shown(scope, now) {
    const fresh = [...(this.#said.get(scope)?.values() ?? [])].filter((one) => one.at > now - FADES_MS);
    return fresh.at(-1)?.said ?? null;
  }

  scopes() {
    return [...this.#said.keys()];
  }
}
