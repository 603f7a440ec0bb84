// Nodes from values. Text goes in as text; nothing here reads HTML.

const SVG = 'http://www.w3.org/2000/svg';

/** `h('a.back', {href: '/', on: {click}}, 'Back')`: attributes, `on` for listeners, `data` for data-*. */
export function h(selector, attributes = {}, ...children) {
  const [tag, ...classes] = selector.split('.');
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes)) give(node, name, value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function give(node, name, value) {
  if (name === 'on') for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
  else if (name === 'data') Object.assign(node.dataset, value);
  else if (name === 'value') node.value = value ?? '';
  else if (value === true) node.setAttribute(name, '');
  else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
}

const STROKES = {
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20 20',
  device: 'M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2',
  download: 'M12 4v10M8 10.5l4 4 4-4M5 19h14',
  upload: 'M12 15V5M8 8.5l4-4 4 4M5 19h14',
  offline: 'M4 4l16 16M8.5 16a5 5 0 0 1 5.6-1M5 12.2a10 10 0 0 1 4-2.4M19 12.2a10 10 0 0 0-5-2.7M12 19.5h.01',
  turning: 'M19 8a8 8 0 0 0-14 1M5 4v5h5M5 16a8 8 0 0 0 14-1M19 20v-5h-5',
  warning: 'M12 4l9 16H3zM12 10v4.5M12 17.2h.01',
  split: 'M12 20v-7M12 13L6 7M12 13l6-6M6 11V7h4M18 11V7h-4',
  refused: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM6.5 6.5l11 11',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5',
  fit: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  turnLeft: 'M5 5v5h5M5.5 10a7.5 7.5 0 1 1-1 5',
  turnRight: 'M19 5v5h-5M18.5 10a7.5 7.5 0 1 0 1 5',
  up: 'M12 19V6M6 11l6-6 6 6',
  down: 'M12 5v13M6 13l6 6 6-6',
  left: 'M19 12H6M11 6l-6 6 6 6',
  right: 'M5 12h13M13 6l6 6-6 6',
  mirror: 'M12 3v18M9 7v10L4 17zM15 7v10l5 0z',
  north: 'M12 3l5.5 17L12 16.5 6.5 20z',
  layers: 'M12 4l9 5-9 5-9-5zM3 13.5l9 5 9-5',
  drawing: 'M4 4h16v16H4zM4 15h7v5M11 4v5M15 15h5',
  unseen: 'M4 4l16 16M9.5 5.8A9 9 0 0 1 12 5.5c5 0 8.5 4.5 9 6.5a11 11 0 0 1-2.6 3.6M6.3 7.6A11 11 0 0 0 3 12c.5 2 4 6.5 9 6.5a9 9 0 0 0 4-.9',
  ruler: 'M3 15.5L15.5 3 21 8.5 8.5 21zM7 11.5l2 2M10 8.5l3 3M13 5.5l2 2',
  undo: 'M9 5L4 10l5 5M4 10h10a6 6 0 0 1 0 12h-2',
  bin: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13M10 11v5M14 11v5',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  tasks: 'M4 6l1.5 1.5L8 5M4 12l1.5 1.5L8 11M4 18l1.5 1.5L8 17M11 6h9M11 12h9M11 18h9',
  choose: 'M6 3l12 10h-7l-4 6z',
  arrow: 'M5 19L19 5M10 5h9v9',
  line: 'M4 17c3-9 5-11 7-8s-2 9 1 9 4-9 8-11',
  box: 'M4 6h16v12H4z',
  text: 'M5 7V5h14v2M12 5v14M9.5 19h5',
  redo: 'M15 5l5 5-5 5M20 10H10a6 6 0 0 0 0 12h2',
  microphone: 'M12 4a2.5 2.5 0 0 0-2.5 2.5v5a2.5 2.5 0 0 0 5 0v-5A2.5 2.5 0 0 0 12 4zM6 11.5a6 6 0 0 0 12 0M12 17.5V21M9 21h6',
  play: 'M8 5l11 7-11 7z',
  stop: 'M7 7h10v10H7z',
  scan: 'M4 8V4h4M20 8V4h-4M4 16v4h4M20 16v4h-4M8 8v8M11 8v8M13.5 8v8M16 8v8',
  torch: 'M8 3h8v4l-2 3v11h-4V10L8 7zM8 7h8M12 13v2',
  bell: 'M6 17v-6a6 6 0 0 1 12 0v6l1.5 2h-15zM10 21.5h4',
  filter: 'M4 5h16l-6.5 7.5V18l-3 2v-7.5z',
  bookmark: 'M7 4h10v16l-5-4.5L7 20z',
  list: 'M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01',
};

/** A drawing that says nothing by itself: the words beside it do. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', STROKES[name]);
  svg.append(path);
  return svg;
}

/**
 * Children of `parent` from [key, said, make]: one that says the same under the same key stays the node it is, where it
 * is, so that a list drawn anew under a finger or a focus loses neither.
 */
export function keep(parent, wanted) {
  const former = new Map([...parent.children].map((node) => [node.kept?.key, node]));
  let next = parent.firstElementChild;
  for (const [key, said, make] of wanted) {
    let node = former.get(key);
    if (node?.kept.said !== said) {
      const anew = Object.assign(make(), { kept: { key, said } });
      if (next === node) next = anew;
      node?.replaceWith(anew);
      node = anew;
    }
    former.delete(key);
    if (node === next) next = next.nextElementSibling;
    else parent.insertBefore(node, next);
  }
  for (const node of former.values()) node.remove();
}

/** Runs what undoes each of the listeners it set. */
export function listening() {
  const stop = new AbortController();
  return {
    on: (target, event, listener, options = {}) =>
      target.addEventListener(event, listener, { ...options, signal: stop.signal }),
    stop: () => stop.abort(),
  };
}
