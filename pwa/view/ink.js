// Colours of the theme for a canvas. A custom property holds `light-dark(…)` unresolved; `color` of an element that
// uses it is resolved.

export function colourOf(element, name) {
  element.style.setProperty('color', `var(${name})`);
  const colour = getComputedStyle(element).color;
  element.style.removeProperty('color');
  return colour;
}

/** Of a colour as `colourOf` answers it. */
export function isDark(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map(Number);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128;
}

export function faceOf(element) {
  return getComputedStyle(element).fontFamily;
}
