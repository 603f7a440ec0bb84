// What there is to do in a building, what waits for a review, and one task whole, as the replica has it. The server sets
// the state a row begins with, so one that was not sent yet has none.

const EFFORT_MIN = 10; // minutes a task takes that does not say; as the server ranks them

const PLACED = `
  left join element on task.target_table = 'element' and element.id = task.target_id
  left join space on task.target_table = 'space' and space.id = task.target_id
  left join floor_plan on task.target_table = 'floor_plan' and floor_plan.id = task.target_id
  left join storey on storey.id = coalesce(element.storey_id, space.storey_id, floor_plan.storey_id)`;

/** Of tasks that nobody has answered yet. */
export const UNANSWERED = `coalesce(task.state, 'open') in ('open', 'assigned', 'in_progress', 'reopened', 'rejected')
      and not exists (
        select 1 from validation where validation.task_id = task.id and coalesce(validation.state, 'submitted') = 'submitted')`;

/** Tasks nobody has answered yet, by what a minute spent on them brings, the most first. */
export function openTasks(replica, scope) {
  return replica.query(scope, `
    select task.id, task.kind, task.title, task.impact, task.effort_min, task.priority, task.due_on, task.assignee,
      task.state, storey.id as storey_id, storey.name as storey,
      coalesce(task.impact, 0) / max(coalesce(task.effort_min, ${EFFORT_MIN}), 1.0) as worth
    from task ${PLACED}
    where ${UNANSWERED}
    order by worth desc, coalesce(task.priority, 99), task.due_on is null, task.due_on, task.id`, []);
}

/** One task with what it is about; null where it is gone. */
export async function taskRow(replica, scope, id) {
  const rows = await replica.query(scope, `
    select task.id, task.kind, task.title, task.impact, task.effort_min, task.due_on, task.state, task.target_table,
      task.target_id, storey.id as storey_id, storey.name as storey, element.condition, element.properties,
      (select validation.note from validation
       where validation.task_id = task.id and validation.state = 'rejected'
       order by validation.sequence desc limit 1) as refusal
    from task ${PLACED}
    where task.id = ?`, [id]);
  if (!rows.length) return null;
  const { properties, ...row } = rows[0];
  return { ...row, properties: typeof properties === 'string' ? JSON.parse(properties) : properties ?? {} };
}

/** Findings that wait for somebody's judgement, the oldest first. `mine`: who found it is this person. */
export function waitingFindings(replica, scope, person) {
  return replica.query(scope, `
    select validation.id, validation.outcome, validation.field, validation.claimed_value, validation.note,
      validation.captured_at, validation.created_at, validation.target_table, validation.target_id,
      coalesce(validation.author, validation.created_by, ?1) = ?1 as mine, member.name as author,
      coalesce(task.title, element.name, element.tag) as title, task.kind as task_kind, element.condition, element.properties
    from validation
    left join task on task.id = validation.task_id
    left join element on validation.target_table = 'element' and element.id = validation.target_id
    left join member on member.user_id = coalesce(validation.author, validation.created_by)
    where coalesce(validation.state, 'submitted') = 'submitted'
    order by validation.captured_at, validation.id`, [person]);
}
