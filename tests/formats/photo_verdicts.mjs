// What the browser's code makes of the files in a JSON list of hex: for each the hash of what is left by place and by all,
// or the code of the refusal, and when it was taken.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { cleaned, takenOf } from "../../pwa/core/photo.js";

function verdict(content, tell) {
  try {
    return createHash("sha256").update(cleaned(content, tell)).digest("hex");
  } catch (error) {
    if (error.code === "photo_tells") return error.code;
    throw error;
  }
}

const files = JSON.parse(readFileSync(process.argv[2], "utf8")).map((hex) => Uint8Array.from(Buffer.from(hex, "hex")));
console.log(JSON.stringify(files.map((one) => [verdict(one, "place"), verdict(one, "all"), takenOf(one, "place", "Europe/Berlin")])));
