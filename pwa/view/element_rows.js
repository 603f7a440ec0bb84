// What an element's sheet reads from the replica.

export const SHEET_FIELDS = ['name', 'tag', 'status', 'condition', 'serial_number', 'barcode', 'manufacturer', 'model'];

/** {…columns, systems: [], properties: {}, measurements: [], contested: [field]} or null where it is gone. */
export async function elementRow(replica, scope, id) {
  const [found, measurements, conflicts] = await Promise.all([
    replica.query(scope, `
      select element.id, element.ifc_class, element.predefined_type, element.installed_on,
        element.systems, element.properties, ${SHEET_FIELDS.map((field) => `element.${field}`).join(', ')},
        space.number as space_number, space.name as space_name, element.storey_id
      from element
      left join space on space.id = element.space_id
      where element.id = ?`, [id]),
    replica.query(scope, `
      select measurement.id, measurement.kind, measurement.name, measurement.value, measurement.uncertainty_95,
        measurement.basis, measurement.created_at, member.name as author
      from measurement
      left join member on member.user_id = measurement.created_by
      where measurement.target_table = 'element' and measurement.target_id = ?
      order by measurement.created_at desc, measurement.id desc`, [id]),
    replica.query(scope, `
      select field
      from conflict
      where state = 'open' and "table" = 'element' and row_id = ?`, [id]),
  ]);
  if (!found.length) return null;
  const row = found[0];
  return {
    ...row,
    systems: parsed(row.systems, []),
    properties: parsed(row.properties, {}),
    measurements,
    contested: conflicts.map((conflict) => conflict.field),
  };
}

function parsed(text, otherwise) {
  if (text === null || text === undefined) return otherwise;
  return typeof text === 'string' ? JSON.parse(text) : text;
}
