// What a plan and its list read from the replica, a storey at a time.

import { UNANSWERED } from './work_rows.js';

const WITH_TASK = `
  select task.target_id from task
  where task.target_table = 'element' and task.target_id is not null and ${UNANSWERED}`;
const VALIDATED = `
  select target_id from validation
  where target_table = 'element' and target_id is not null and state = 'accepted' and outcome in ('confirmed', 'corrected')`;
/** What this device has changed of them, or added to them, that the server does not have. */
const UNSENT = `
  select log.id from (
    select transaction_key, id from arxos_log_element
    union all
    select transaction_key, coalesce(new_target_id, old_target_id) from arxos_log_measurement
    union all
    select transaction_key, coalesce(new_target_id, old_target_id) from arxos_log_validation
    union all
    select transaction_key, coalesce(new_target_id, old_target_id) from arxos_log_attachment) log
  join arxos_change_log h on h.key = log.transaction_key
  where h.state in ('pending', 'sent', 'rejected') and log.id is not null`;

export async function storeys(replica, scope) {
  return replica.query(scope, `
    select id, name, level, elevation_m
    from storey
    order by coalesce(elevation_m, level, 0) desc, name`, []);
}

/** How far north lies clockwise of a plan's y, in radians, from IfcMapConversion's x axis; null where nobody has said. */
export async function northOf(replica, scope) {
  const [row] = await replica.query(scope, 'select x_axis_abscissa as east, x_axis_ordinate as north from building where id = ?', [scope]);
  const known = row && row.east !== null && row.north !== null && (row.east || row.north);
  return known ? Math.atan2(row.north, row.east) : null;
}

/**
 * {outline, spaces, elements, contested: Set of element ids, rmsM: how exact its plan is}. Geometry is SpatiaLite BLOBs. Two points
 * calibrate a page without a rest, so that zero says nothing: null.
 */
export async function storeyRows(replica, scope, storey) {
  const [outlines, spaces, elements, conflicts, plans] = await Promise.all([
    replica.query(scope, 'select outline from storey where id = ?', [storey]),
    replica.query(scope, `
      select id, number, name, usage, area_m2, outline, updated_at, updated_by
      from space
      where storey_id = ?
      order by number`, [storey]),
    replica.query(scope, `
      select id, space_id, ifc_class, name, tag, status, condition, systems, geometry, heading_deg, updated_at, updated_by,
        confidence_classification, confidence_position, confidence_properties, confidence_relationships,
        id in (${WITH_TASK}) as task, id in (${VALIDATED}) as validated, id in (${UNSENT}) as unsent,
        case when json_valid(properties) then json_extract(properties, '$.Width') end as width_m
      from element
      where storey_id = ?
      order by ifc_class, tag, name, id`, [storey]),
    replica.query(scope, `
      select conflict.row_id
      from conflict
      join element on element.id = conflict.row_id
      where conflict.state = 'open' and conflict."table" = 'element' and element.storey_id = ?`, [storey]),
    replica.query(scope, `
      select nullif(max(rms_error_m), 0) as rms_m
      from floor_plan
      where storey_id = ?1
        and id not in (select supersedes from floor_plan where supersedes is not null and affine_a is not null)`, [storey]),
  ]);
  return {
    outline: outlines[0]?.outline ?? null,
    spaces,
    elements,
    contested: new Set(conflicts.map((conflict) => conflict.row_id)),
    rmsM: plans[0]?.rms_m ?? null,
  };
}
