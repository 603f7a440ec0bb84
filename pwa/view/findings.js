// From what a person says of a task to the rows that are recorded: a validation, and a measurement where they measured.

/** What each kind of task asks for: a measurement's kind and name (as the rows have it, in any language), and the property. */
export const ASKED = {
  dimension: { kind: 'length', name: 'Width', property: 'Width', unit: 'm' },
  scale: { kind: 'length', name: 'Scale', property: null, unit: 'm' },
  north: { kind: 'angle', name: 'North', property: null, unit: '°' },
  count: { kind: 'count', name: 'Luminaires', property: null, unit: '' },
};

const ACCURACY = { tape: 0.005, laser: 0.003 }; // metres, what the instrument gives in a hurried hand

/** Changes for a number that was read off: `read` {value, uncertainty_95, basis}. */
export function measured(task, read, note, newId) {
  const asked = ASKED[task.kind];
  const found = finding(task, { ...claimOf(task, asked, read), method: read.basis, note }, newId);
  const capture = newId(); // what ties the measurement to what was found with it
  return [
    found,
    { table: 'ar_capture', id: capture, op: 'insert', set: { validation_id: found.id, provider: 'manual' } },
    { table: 'measurement', id: newId(), op: 'insert', set: {
      target_table: task.target_table, target_id: task.target_id, ar_capture_id: capture, kind: asked.kind, name: asked.name, ...read } },
  ];
}

/** Is the property what was measured, as well as one can tell? Else it is to be corrected, once another person agrees. */
function claimOf(task, { property }, { value, uncertainty_95: own, basis }) {
  if (!property || task.target_table !== 'element') return { outcome: 'confirmed', claimed_value: value };
  const stands = task.properties[property];
  const same = typeof stands === 'number' && Math.abs(stands - value) <= (own ?? ACCURACY[basis] ?? 0);
  return { outcome: same ? 'confirmed' : 'corrected', field: `properties.${property}`, claimed_value: value };
}

/** Changes for a condition that was looked at. */
export function looked(task, condition, note, newId) {
  const outcome = task.condition === condition ? 'confirmed' : 'corrected';
  return [finding(task, { outcome, field: 'condition', claimed_value: condition, method: 'visual', note }, newId)];
}

/** Changes where only the outcome is to be told: confirmed, not_found, no_access, unexpected. */
export function told(task, outcome, note, newId) {
  return [finding(task, { outcome, method: 'visual', note }, newId)];
}

function finding(task, said, newId) {
  const set = { task_id: task.id, target_table: task.target_table, target_id: task.target_id, captured_at: new Date().toISOString(), ...said };
  const given = Object.entries(set).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return { table: 'validation', id: newId(), op: 'insert', set: Object.fromEntries(given) };
}
