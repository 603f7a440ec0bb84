// Reading the codes that are stuck on things: with the browser's own reader where it has one that knows them all, else with
// ZXing (vendor/zxing-wasm), which is fetched when the first code is to be read and is kept for when there is no network.

const OWN = ['code_128', 'code_39', 'ean_13', 'ean_8', 'upc_a', 'qr_code', 'data_matrix', 'itf'];
const FORMATS = ['Code128', 'Code39', 'EAN13', 'EAN8', 'UPCA', 'QRCode', 'DataMatrix', 'ITF'];
const SEEN_MAX = 6; // on one picture
const CODE_LETTERS_MAX = 200;
const ZXING = '/vendor/zxing-wasm/reader/index.js';
const WASM = '/vendor/zxing-wasm/wasm/zxing_reader.wasm';

let reading = null;

/** A function canvas → promise of the codes on it, as texts. */
export function reader() {
  reading ??= make().catch((error) => {
    reading = null;
    throw error;
  });
  return reading;
}

async function make() {
  const detect = (await own()) ?? (await zxing());
  return async (canvas) => {
    const found = (await detect(canvas)).map(cleaned).filter(Boolean);
    return [...new Set(found)].slice(0, SEEN_MAX);
  };
}

async function own() {
  const known = (await globalThis.BarcodeDetector?.getSupportedFormats().catch(() => [])) ?? [];
  if (!OWN.every((format) => known.includes(format))) return null;
  const detector = new BarcodeDetector({ formats: OWN });
  return async (canvas) => (await detector.detect(canvas)).map(({ rawValue }) => rawValue);
}

async function zxing() {
  const { prepareZXingModule, readBarcodes } = await import(ZXING);
  await prepareZXingModule({ overrides: { locateFile: () => WASM }, fireImmediately: true });
  return async (canvas) => {
    const image = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const found = await readBarcodes(image, { formats: FORMATS, tryHarder: true, maxNumberOfSymbols: SEEN_MAX });
    return found.filter(({ isValid }) => isValid).map(({ text }) => text);
  };
}

/** What a code says, or a reader that types: one line of text, and not more than a field holds. */
export function cleaned(text) {
  return String(text).replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim().slice(0, CODE_LETTERS_MAX);
}

/** Elements whose barcode, serial number or tag is exactly this, whatever its case. */
export function withCode(replica, scope, code) {
  return replica.query(scope, `
    select 'element' as what, element.id, element.storey_id, element.ifc_class, element.name, element.tag,
      trim(coalesce(space.number, '') || ' ' || coalesce(space.name, '') || ' ' || coalesce(storey.name, '')) as room
    from element
    left join space on space.id = element.space_id
    left join storey on storey.id = element.storey_id
    where upper(element.barcode) = upper(?1) or upper(element.serial_number) = upper(?1) or upper(element.tag) = upper(?1)
    order by element.name, element.tag, element.id
    limit 50`, [code]);
}
