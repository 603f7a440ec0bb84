// Drawings beneath the plan of a storey: their rows, their pictures, and what this device likes to see of them.

import { resolutionOf } from '../core/webp.js';
import { affineOf, boxOn } from './calibration.js';

const KEY = 'arxos.drawings';
const SHARE = 0.5; // how much of a drawing shows, until somebody says otherwise
const PIXELS_LONG_MAX = 4096; // as the server's pictures; more than a screen shows, and what a phone can hold
const POINTS_AN_INCH = 72;

/**
 * The drawings of a storey, newest first, without those that a placed one supersedes: {id, page, affine or null, rms_error_m,
 * revision, attachment_id, sha256, name, media_type, width, height, author, mine}.
 */
export async function drawingsOf(replica, scope, storey) {
  const rows = await replica.query(scope, `
    select floor_plan.id, coalesce(page, 1) as page, affine_a, affine_b, affine_c, affine_d, affine_e, affine_f, rms_error_m, revision,
      supersedes, attachment_id, sha256, attachment.name, media_type, width, height, attachment.created_by, member.name as author
    from floor_plan
    join attachment on attachment.id = floor_plan.attachment_id
    left join member on member.user_id = attachment.created_by
    where storey_id = ? and sha256 is not null
    order by floor_plan.created_at is null desc, floor_plan.created_at desc, floor_plan.id desc`, [storey]);
  const all = rows.map((row) => ({ ...row, affine: affineOf(row), mine: row.created_by === null || row.created_by === replica.me()?.id }));
  const gone = new Set(all.filter((one) => one.affine).map((one) => one.supersedes));
  return all.filter((one) => !gone.has(one.id));
}

/** Pixels and points are apart: only of a PDF a unit of the page has a size on paper. */
export const onPaper = (drawing) => drawing.media_type === 'application/pdf';

/** 1 : 100 of a drawing on paper, from the metres that a point is. */
export const ratioOf = (metresAPoint) => Math.round(metresAPoint / (0.0254 / POINTS_AN_INCH));

/**
 * {where, page: null} or, where a picture is to be had, {where, page: {bitmap, perUnit, width, height}}: pixels a unit of the
 * page, and its size in units. Decoded beside the page's own thread.
 */
export async function pictureOf(replica, scope, drawing, number = drawing.page) {
  const { where, blob } = await replica.drawing(scope, drawing.sha256, number);
  if (!blob) return { where, page: null };
  const whole = await createImageBitmap(blob).catch(() => null);
  if (!whole) return { where: 'none', page: null };
  const fineness = where === 'page' ? resolutionOf(await blob.arrayBuffer()) : null;
  const perUnit = fineness ? fineness / POINTS_AN_INCH : 1;
  const [width, height] = [whole.width / perUnit, whole.height / perUnit];
  const bitmap = await bounded(whole);
  return { where, page: { bitmap, perUnit: bitmap.width / width, width, height } };
}

async function bounded(whole) {
  const share = PIXELS_LONG_MAX / Math.max(whole.width, whole.height);
  if (share >= 1) return whole;
  const size = { resizeWidth: Math.round(whole.width * share), resizeHeight: Math.round(whole.height * share), resizeQuality: 'high' };
  const smaller = await createImageBitmap(whole, size);
  whole.close();
  return smaller;
}

/** As <arxos-plan> takes it; `affine` is of the page's units. */
export function beneath(affine, { bitmap, perUnit, width, height }, share, alone = false) {
  const [a, b, c, d, e, f] = affine;
  return { bitmap, affine: [a / perUnit, b / perUnit, c, d / perUnit, e / perUnit, f], share, alone, box: boxOn(affine, { width, height }) };
}

// ---------------------------------------------------------------- what this device likes

/** {share, off: whether none is shown, chosen: {storey: drawing}} of a building. */
export function likedOf(building) {
  const { share, off, chosen } = remembered()[building] ?? {};
  return { share: share > 0 && share <= 1 ? share : SHARE, off: off === true, chosen: chosen ?? {} };
}

export function like(building, change) {
  const liked = { ...likedOf(building), ...change };
  localStorage.setItem(KEY, JSON.stringify({ ...remembered(), [building]: liked }));
  return liked;
}

/** The drawing that is shown of those of a storey. */
export function chosenOf(drawings, { chosen }, storey) {
  return drawings.find((one) => one.id === chosen[storey]) ?? drawings.find((one) => one.affine) ?? drawings[0] ?? null;
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
