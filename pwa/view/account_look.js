// How things look to the person: theme and units, in force at once, kept on this device and with the person.

import { h } from './dom.js';
import { prefer, preferences } from './preferences.js';
import { problem } from './words.js';

const WORDS = {
  saved: 'Chosen. It goes to your other devices too.',
  theme: ['Light and colours', {
    system: ['As the device has it', 'light by day, dark by night, where it is set so'],
    light: ['Light', ''], dark: ['Dark', ''],
    sunlight: ['Sunlight', 'black on white, for a screen in the sun'],
  }],
  unit_system: ['Lengths and areas', {
    metric: ['Metric', '1.25 m'], imperial: ['Feet and inches', '4′ 1 3/16″'],
  }],
};

export function look(replica) {
  const said = h('p.soft', { role: 'status' });
  return [...['theme', 'unit_system'].map((name) => choice(replica, name, said)), said];
}

function choice(replica, name, said) {
  const [title, ways] = WORDS[name];
  const chosen = preferences()[name];
  const choose = async (value) => {
    try {
      await prefer(replica, { [name]: value });
      said.textContent = WORDS.saved;
    } catch (error) {
      said.textContent = problem(error);
    }
  };
  return h('fieldset.card.choices', {}, h('legend', {}, title),
    Object.entries(ways).map(([value, [words, more]]) =>
      h('label.choice', {}, h('input', { type: 'radio', name, value, 'aria-label': more ? `${words}: ${more}` : words, checked: value === chosen, on: { change: () => choose(value) } }),
        h('span', {}, h('strong', {}, words), more ? h('span.soft.small', {}, ` ${more}`) : null))));
}
