// How things look to the person: theme, units and language, in force at once, kept on this device and with the person.

import { NAMES, number, t } from '../words/language.js';
import { h } from './dom.js';
import { prefer, preferences } from './preferences.js';
import { problem } from './words.js';

export function look(replica) {
  const said = h('p.soft', { role: 'status' });
  const about = { replica, said };
  const asDevice = ['system', t('look.system')];
  return [
    choice(about, 'theme', t('look.theme'), [
      [...asDevice, t('look.dayAndNight')], ['light', t('values.light')], ['dark', t('values.dark')], ['sunlight', t('values.sunlight'), t('look.sun')],
    ]),
    choice(about, 'unit_system', t('look.units'), [
      ['metric', t('values.metric'), `${number(1.25)} m`], ['imperial', t('look.imperial'), '4′ 1 3/16″'],
    ]),
    choice(about, 'language', t('values.language'), [asDevice, ...Object.entries(NAMES)]),
    said,
  ];
}

/** `ways`: [value, words, what it means]. */
function choice({ replica, said }, name, title, ways) {
  const chosen = preferences()[name];
  const choose = async (value) => {
    try {
      await prefer(replica, { [name]: value });
      said.textContent = t('look.saved');
    } catch (error) {
      said.textContent = problem(error);
    }
  };
  return h('fieldset.card.choices', {}, h('legend', {}, title), ways.map(([value, words, more]) =>
    h('label.choice', { lang: value in NAMES ? value : null },
      h('input', { type: 'radio', id: `${name}-${value}`, name, value, 'aria-label': more ? `${words}: ${more}` : words, checked: value === chosen, on: { change: () => choose(value) } }),
      h('span', {}, h('strong', {}, words), more ? h('span.soft.small', {}, ` ${more}`) : null))));
}
