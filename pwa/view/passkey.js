// Passkeys in this browser: made, and asked to show who one is. What the person closes or the browser refuses is a problem
// in words.

import { known } from '../words/language.js';

/** Does this browser speak of them in JSON, as the server does? */
export const canPasskey = () => 'PublicKeyCredential' in window && 'parseCreationOptionsFromJSON' in PublicKeyCredential;

export async function makePasskey(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await navigator.credentials.create({ publicKey }).catch(refused)).toJSON();
}

export async function askPasskey(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey }).catch(refused)).toJSON();
}

function refused(error) {
  throw Object.assign(new Error(error.name), { code: 'passkey', detail: known(`passkey.${error.name}`) ?? error.message });
}
