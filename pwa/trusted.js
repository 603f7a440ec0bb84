// The one way by which an address becomes one of a script: the two workers that this app has, and nothing else. Text has
// no way at all to become a script or a page's HTML (the policy is in server/operations/headers.py).

const OURS = /^\/(replica\/worker\.js|sw\.js\?[0-9a-f]+)$/;

const policy = globalThis.trustedTypes?.createPolicy('arxos', { createScriptURL: checked });

/** For `new Worker` and `serviceWorker.register`; browsers without Trusted Types take the address as it is. */
export function scriptAddress(address) {
  return policy ? policy.createScriptURL(address) : checked(address);
}

function checked(address) {
  if (!OURS.test(address)) throw new TypeError(`${address} is no script of this app`);
  return address;
}
