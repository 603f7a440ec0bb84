// A drawing beneath the plan: dark on light it darkens what is below it, so that white paper is no sheet over the rooms; in a dark
// theme it is turned into light on dark, and lightens. A picture that fills the screen is an image of the kept picture
// (kept_picture.js) like every line, so that dragging it costs nothing more.

const inverted = new WeakMap(); // bitmap → canvas

/** `beneath`: {bitmap, affine: of its pixels, share, alone}; the context looks in metres. Alone it is a sheet that is all there. */
export function paintBeneath(context, { bitmap, affine: [a, b, c, d, e, f], share, alone }, ink) {
  context.save();
  context.transform(a, d, b, e, c, f);
  context.imageSmoothingQuality = 'high';
  context.globalAlpha = alone ? 1 : share;
  context.globalCompositeOperation = ink.dark ? 'screen' : 'multiply';
  context.drawImage(ink.dark ? invertedOf(bitmap) : bitmap, 0, 0);
  context.restore();
}

function invertedOf(bitmap) {
  if (!inverted.has(bitmap)) {
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height), context = canvas.getContext('2d');
    context.fillStyle = 'white';
    context.fillRect(0, 0, bitmap.width, bitmap.height);
    context.drawImage(bitmap, 0, 0);
    context.globalCompositeOperation = 'difference';
    context.fillRect(0, 0, bitmap.width, bitmap.height);
    inverted.set(bitmap, canvas);
  }
  return inverted.get(bitmap);
}
