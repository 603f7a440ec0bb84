// Which layers of a building's plans this device leaves out, by the kind of what is drawn. A way of looking, not a fact: it
// stands in local storage, a building at a time.

const KEY = 'arxos.layers';

/** Set of kinds. */
export function hiddenLayers(building) {
  const kinds = remembered()[building];
  return new Set(Array.isArray(kinds) ? kinds : []);
}

export function hideLayers(building, kinds) {
  const { [building]: _, ...others } = remembered();
  const all = kinds.size ? { ...others, [building]: [...kinds].sort() } : others;
  localStorage.setItem(KEY, JSON.stringify(all));
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
