// Work: tasks, findings and their review; conflicts, and edits in words.

export default {
  work: {
    title: 'Work', toPlan: 'To the plan', allTasks: 'All tasks', gone: 'This task is no longer here.',
    kept: '{what}: kept on this device, to be reviewed once it is sent',
    toDo: 'To do', toReview: 'To review', waiting: 'Waiting for review', nothing: 'Nothing is left to do here.',
    mine: 'Mine', anybody: 'For anybody', mostFirst: 'What brings most first', more: 'and {n} more',
    minutes: '{n} min', due: 'due {day}', sentBack: 'Sent back', aMinute: 'a minute',
  },
  task: {
    sentBack: 'Sent back by the reviewer.', onPlan: 'Show on the plan', reading: 'Who may change nothing here can read this task, not answer it.',
    note: 'Note (if there is something to say)', else: 'Something else?', noAccess: 'Cannot get in', unexpected: 'Something unexpected',
    conditionSoFar: 'Condition, so far {condition}', there: 'Is it there?', isThere: 'It is there', planSays: 'The plan says {value}.',
    'asked.dimension': 'Width', 'asked.scale': 'Length of the wall', 'asked.north': 'Angle to north', 'asked.count': 'How many',
    spread: '± 95 % (if you know it)', record: 'Record', whole: 'A whole number is wanted, as 12.', impact: 'impact {n}',
  },
  review: {
    nothing: 'Nothing waits for your review.', nothingOfYours: 'Nothing of yours waits for a review.',
    ofOthers: {
      one: '{n} finding of others. What you accept counts at once; what you send back says why.',
      other: '{n} findings of others. What you accept counts at once; what you send back says why.',
    },
    ofYours: {
      one: '{n} finding. Another person looks at it; what they accept counts.',
      other: '{n} findings. Another person looks at them; what they accept counts.',
    },
    you: 'You', accept: 'Accept', sendBack: 'Send back', sentBack: 'Sent back', why: 'Why?', sayWhy: 'Say why, so that it can be mended.',
    noAccess: 'Could not get in', condition: 'Condition: {now}, so far {before}', sameCondition: 'Condition: {now}, as before',
    value: '{name} {value}', valueAndPlan: '{name} {value}, the plan says {stands}',
  },
  conflicts: {
    title: 'Conflicts', drawing: 'a drawing', toBuilding: 'To the building', none: 'No conflicts. Everybody says the same.',
    open: {
      one: '{n} field with two answers. What stands now is marked; nothing is lost until you decide.',
      other: '{n} fields with two answers. What stands now is marked; nothing is lost until you decide.',
    },
    keep: 'Keep what stands', take: 'Take the other', delete: 'Delete it', deleting: 'deleted and changed', toDelete: 'To delete it',
    deletedAndChanged: 'One person deleted it while another changed it. It still stands.',
    keepAll: 'Keep all that stands', takeAll: 'Take all the others', anew: 'Neither: type another answer',
    sureKeep: { one: 'Keep what stands in {n} conflict?', other: 'Keep what stands in all {n} conflicts?' },
    sureTake: { one: 'Take the other answer in {n} conflict?', other: 'Take the other answers in {n} conflicts?' },
    decided: { one: '{n} conflict decided', other: '{n} conflicts decided' },
    before: 'Before', now: 'Stands now', other: 'The other', otherWanted: 'The other wanted',
    empty: 'nothing', place: 'a place on the plan', outline: 'an outline on the plan', yes: 'Yes', no: 'No',
  },
  versions: {
    looking: 'Both versions on the plan', drawn: 'Both on the plan: what stands is a disc or a whole line, the other a diamond or a dashed line. {words}',
    apart: '{metres} apart', turned: 'turned by {n}°', larger: '{n} % larger', smaller: '{n} % smaller',
  },
  edits: {
    more: 'and {n} more', added: '{what} added', deleted: '{what} deleted', gains: '{field} gains {values}', loses: '{field} loses {values}',
    is: '{field} is {value}', by: '{field} by {value}', empty: 'empty', place: 'a new place', yes: 'yes', no: 'no',
  },
};
