import { LIMITS } from './limits.ts'
import { runbookOf, TRIGGER_NAMES, TRIGGERS, type TriggerName } from './triggers.ts'
import { span } from './words.ts'
import { STAGES } from '../orders/stage.ts'

/** The page docs/monitoring.md. */
export function generate(): string {
  return `${HEAD}
${TABLE_HEAD}
${TRIGGER_NAMES.map(row).join('\n')}

${TAIL}`
}

function row(name: TriggerName): string {
  const { control, when, halts, alert, severity } = TRIGGERS[name]
  const halt =
    halts.paper === halts.live
      ? (halts.live ?? '—')
      : `${halts.live} on a live account${halts.paper === null ? '' : `, ${halts.paper} on paper`}`
  const told = alert === null ? '—' : `\`${alert}\`, ${severity}`
  const todo =
    alert === null
      ? '—'
      : `[${runbookOf(alert).slice(1).split('-')[0]?.toUpperCase()}](emergency.md${runbookOf(alert)})`
  return `| \`${name}\` | ${control} | ${when} | ${figureOf(name)} | ${halt} | ${told} | ${todo} |`
}

function figureOf(name: TriggerName): string {
  const { figure } = TRIGGERS[name]
  if ('limit' in figure) return `the limit \`${figure.limit}\` (${LIMITS[figure.limit].unit})`
  const texts = [...new Set(STAGES.map((stage) => textOf(figure.unit, figure.defaults[stage])))]
  return `${texts.join(' / ')}. ${figure.reason}`
}
const textOf = (unit: 'ms' | 'count' | 'bps', figure: number): string =>
  unit !== 'ms' ? `${figure}${unit === 'bps' ? ' bps' : ''}` : figure < 60_000 ? span(figure) : `${figure / 60_000} min`

const TABLE_HEAD = `| trigger | control | it trips when | N | halts | alert | what to do |
| --- | --- | --- | --- | --- | --- | --- |`

const HEAD = `# Monitoring

What the gateway watches by itself, what it stops, and whom it calls. Written from the table in
[src/gate/triggers.ts](../src/gate/triggers.ts).

What a command does (a reject, a fill, a reading of the account) is looked at in the same transaction; what only time
brings, every two seconds. An alert is at Slack, Teams and the webhook within five seconds of what it is about, and on the
page **Activity** with the next event; the number in the tab's title counts it.

A halt that a trigger engaged is like any other ([halting.md](halting.md)): latched, released by people only, by nobody's
agent. Its name is \`rule\` and the control, such as \`rule P08\`, and its reason has the numbers. Once it is released,
what happened before does not count again: it takes something new to trip it a second time. While it stands, or while its
alert is open and nothing more is to stop, the same trigger raises nothing.
`

const TAIL = `Where a limit is the figure, people set it like every limit: tighter at once, looser together and for the next day
(\`jax-exec limits\`). The others are constants of the program; a configuration (\`watch\`) can make
each of them tighter, and none of them looser.

- **P08.** A row is counted from the last release of the strategy. An entry that the broker takes breaks a row of rejects.
  A round trip is an intent whose entry filled and whose own exits closed all of it; commission counts. What a
  liquidation closed is no round trip.
- **P10.** One reading may be odd: both losses count only in two readings in a row that know every trade in our book and
  whose positions agree with it. The loss of a day trips once a day, the drawdown once for each highest equity; the gate
  goes on refusing what opens for as long as the loss stands.

- **A15.** A price that is too good is as likely to be undone as one that is too bad, so both sides count. Where no price was
  read within a minute of a fill, it cannot be compared and nothing is said of it.
- **A14.** After a stop for the clock nothing is released before two readings in a row, a minute apart, are within 250 ms.
- **R06.** A person is there who does anything that the journal keeps: signs in, decides, halts, acknowledges, closes a task.
  What agents and the gateway do, and a restart, shows nobody. Armed strategies end; stops stay at the broker, and so do
  entries, unless \`watch.entriesUnattended\` says after how long they are taken back (K4).
  Whoever comes back releases the halt, which is an act.

## Alerts

Every task for a person is an alert until somebody acknowledges it: the button on the page **Activity**, in Slack and in
Teams, \`jax-exec acknowledge TASK\`, or \`POST /v1/tasks/{id}/acknowledge\`. Each person with a role may; agents and
tokens may not. It says that a person has seen it, and no more: the task stays open until somebody closes it with a note.
Closing it is enough, too.

What nobody has acknowledged for two minutes is told again, and in the second conversation
(\`channels.slack.escalationChannel\`, \`channels.teams.escalationConversation\`). A critical one that nobody has
acknowledged for ten minutes stops new positions (K2). Time in which the gateway did not run does not count.

A webhook gets \`alert.raised\` and \`alert.closed\`, signed like the notices of orders. The journal says
\`task.raised\`, \`task.escalated\`, \`task.acknowledged\` and \`task.closed\`; \`jax-exec simulate incident\` decides each of
them again, and counts rejects and round trips of a strategy anew.

## Not yet

- **A14.** The simulated broker has the clock of its market, so that nothing is compared there; Alpaca's is read once a
  minute. Whether NTP keeps the machine's clock is not looked at.
- **R05.** Answers that are lost and found again within ten seconds, however many, stop nothing.
- **R02.** The loss of the broker's stream raises no alert of its own: orders are polled then, and the status says so.
- **A15.** Prices after a fill are not kept with it, and the bands of LULD are not read.
`
