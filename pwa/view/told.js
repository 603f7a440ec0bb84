// A notice's title in the person's language. The server writes it in English, by its kind (server/notifications/notices.py);
// it is read back by the English text and said anew. What cannot be read so stays as it came.

import { CATALOGUES, isEnglish, t } from '../words/language.js';
import { say } from './words.js';

const ROLES = ['role_given', 'invited'];

export function titleOf({ kind, title }) {
  const english = CATALOGUES.en.told[kind];
  if (isEnglish() || !english) return title;
  for (const text of typeof english === 'string' ? [english] : [english.one, english.other]) {
    const found = title.match(reading(text));
    if (found) return t(`told.${kind}`, { what: what(kind, found.groups?.what), n: Number(found.groups?.n ?? 1) });
  }
  return title;
}

/** "Task for you: {what}" as what reads it. */
function reading(text) {
  const parts = text.split(/\{(\w+)\}/).map((part, at) => (at % 2 ? `(?<${part}>${part === 'n' ? '\\d+' : '.+'})` : part));
  return new RegExp(`^${parts.join('')}$`);
}

/** "reviewer of Harbour House" */
function what(kind, text) {
  const [, role, building] = (ROLES.includes(kind) && text.match(/^(\w+) of (.+)$/)) || [];
  return role ? t('told.roleOf', { role: say(role), building }) : text ?? '';
}
