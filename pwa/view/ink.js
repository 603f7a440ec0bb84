// Colours of the theme for a canvas. A custom property holds `light-dark(…)` unresolved; `color` of an element that
// uses it is resolved.

export function colourOf(element, name) {
  element.style.setProperty('color', `var(${name})`);
  const colour = getComputedStyle(element).color;
  element.style.removeProperty('color');
  return colour;
}

export function faceOf(element) {
  return getComputedStyle(element).fontFamily;
}
