// <arxos-adder>: adding an element. A button asks for the class; while `wanted` is one, the next tap on the plan is its
// place. Tells `wanted` with the class or null.

import { h, icon } from '../view/dom.js';
import { sayClass } from '../view/words.js';
import { t } from '../words/language.js';

const CLASSES = [
  'IfcAirTerminal', 'IfcDoor', 'IfcWindow', 'IfcLightFixture', 'IfcOutlet', 'IfcSwitchingDevice', 'IfcSensor', 'IfcAlarm',
  'IfcFireSuppressionTerminal', 'IfcSanitaryTerminal', 'IfcValve', 'IfcPump', 'IfcFan', 'IfcSpaceHeater', 'IfcFurniture',
  'IfcBuildingElementProxy',
];

export class ArxosAdder extends HTMLElement {
  wanted = null;
  barcode = null; // that the next one gets

  connectedCallback() {
    this.#rest();
  }

  /** The place was tapped, or it was thought better of. */
  close() {
    this.wanted = this.barcode = null;
    this.#rest();
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new CustomEvent('wanted', { detail: this.wanted }));
  }

  #rest() {
    this.replaceChildren(h('button.button.plain', { type: 'button', on: { click: () => this.ask() } }, icon('plus'), t('adder.add')));
  }

  /** Where a code was read that nothing has, it is the new one's. */
  ask(barcode = null) {
    this.barcode = barcode;
    const choose = () => {
      this.wanted = select.value;
      this.#tell();
    };
    const select = h('select', { id: 'add-class', on: { change: choose } }, CLASSES.map((name) => h('option', { value: name }, sayClass(name))));
    this.replaceChildren(
      h('div.field', {}, h('label', { for: 'add-class' }, t('adder.what')), select),
      barcode === null ? '' : h('p.soft', {}, t('codes.adding', { code: barcode })),
      h('p', { role: 'status' }, t('adder.tap')),
      h('button.button.plain', { type: 'button', on: { click: () => this.close() } }, t('acts.leave')));
    choose();
    select.focus();
  }
}

customElements.define('arxos-adder', ArxosAdder);
