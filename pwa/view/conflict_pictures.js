// The photo that a conflict is about, beside each of its sides: with the mark as that side has it.

import { values } from './conflict_words.js';
import { h } from './dom.js';
import { seen } from './marks.js';
import { marked } from './marks_layer.js';
import { t } from '../words/language.js';

/** A place that the picture fills when it is here; null where the conflict is about no photo. */
export function pictureOf(replica, scope, conflict, photo, side) {
  const value = values(side), look = seen(value.viewpoint);
  if (!photo || (conflict.table === 'annotation' && !look)) return null;
  const place = h('div.conflict-picture', { hidden: true });
  fill(replica, scope, photo, look, place);
  return place;
}

async function fill(replica, scope, photo, look, place) {
  const picture = await replica.photo(scope, photo.sha256).catch(() => null); // not here yet: the words say enough
  if (!picture) return;
  const url = URL.createObjectURL(picture);
  const image = h('img', { alt: t('marks.photo', { name: photo.name ?? '' }) });
  image.addEventListener('load', () => {
    URL.revokeObjectURL(url);
    place.hidden = false;
  }, { once: true });
  image.src = url;
  place.append(marked(image, look ? [{ ...look, id: photo.row_id, words: photo.title ?? '' }] : []));
}
