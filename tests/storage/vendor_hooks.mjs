// In Node, `/vendor/…` is the folder that the server serves under that address; SQLite's module is the one for Node.

const PWA = new URL("../../pwa/", import.meta.url);

export async function resolve(specifier, context, next) {
  if (!specifier.startsWith("/vendor/")) return next(specifier, context);
  const place = specifier.replace("sqlite-wasm/index.mjs", "sqlite-wasm/node.mjs");
  return next(new URL(`.${place}`, PWA).href, context);
}
