// The browser's photo.js against the vectors that client_kit/formats/photo.py is held to.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { cleaned, kindOf, takenOf } from "../../pwa/core/photo.js";

const vectors = JSON.parse(readFileSync(new URL("../../schemas/vectors/photo.json", import.meta.url), "utf8"));
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));

test("every photo comes out as it does on a tablet", () => {
  assert.ok(vectors.cleaned.length >= 50);
  for (const { name, tell, content, cleaned: wanted, refused } of vectors.cleaned) {
    const given = bytes(content), before = given.slice();
    if (refused) assert.throws(() => cleaned(given, tell), { code: refused }, name);
    else assert.equal(Buffer.from(cleaned(given, tell)).toString("hex"), wanted, `${name}, ${tell}`);
    assert.deepEqual(given, before, "what was given is not touched");
  }
});

test("what is kept is kept byte for byte", () => {
  for (const { content } of vectors.cleaned) assert.equal(Buffer.from(cleaned(bytes(content), "keep")).toString("hex"), content);
});

test("when a photo was taken is what it says itself, and nothing where it does not say", () => {
  assert.ok(vectors.taken.length >= 18);
  for (const { content, zone, taken_at } of vectors.taken) assert.equal(takenOf(bytes(content), "place", zone), taken_at);
  assert.equal(takenOf(bytes(vectors.taken[0].content), "all", null), null, "who takes all out tells no time either");
});

test("its kind is told by its first bytes alone", () => {
  const of = (name) => kindOf(bytes(vectors.cleaned.find((one) => one.name === name).content));
  assert.deepEqual(["jpeg", "png", "webp", "avif", "heic", "tiff", "raw"].map(of), ["jpeg", "png", "webp", "heif", "heif", "tiff", "raw"]);
  assert.deepEqual(["no picture", "sound", "nothing"].map(of), [null, null, null]);
});
