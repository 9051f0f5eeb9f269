import { qty } from '../values/decimal.ts'
import { DELIVERY, type Delivery, type DeliverySaid } from './delivery.ts'
import { SENT } from './example.ts'
import { INTENT, type IntentSaid, type IntentState, isSettled } from './intent.ts'
import { isOpenPhase, ordStatus, PHASE, type Phase, type Said } from './machine.ts'

/** What each column means. A new one does not compile until it is explained here. */
const INTENT_WORDS: Readonly<Record<IntentSaid, string>> = {
  Ticketed: 'the gate sized it, and a ticket waits for a human; a further ticket voids every vote on the one before',
  Refused: 'the gate said no, at the proposal or at the last look before the send',
  Approved: 'a person said yes to exactly the ticket that waits',
  Declined: 'a person said no',
  Lapsed: 'the time to decide, to send or of the signal itself is over',
  Withdrawn: 'whoever proposed it, or a person, took it back before it was sent',
}
const DELIVERY_WORDS: Readonly<Record<DeliverySaid, string>> = {
  SendStarted: 'the intention to send is durable; the first byte may leave',
  Accepted: 'the broker has it: by its reply, by a look-up, or by any report about it',
  Rejected: "the broker's explicit no",
  Unclear: 'time-out, dropped connection, a server error after sending: nobody knows',
  ProvenAbsent: 'the broker cannot have it: never sent, or its own rules make "no such order" a proof',
}
const PHASE_WORDS: Readonly<Record<Said, string>> = {
  New: 'acknowledged',
  PartialFill: 'a trade or correction that leaves some of the size to do',
  Fill: 'a trade or correction after which nothing is left to do',
  Unfill:
    'a bust or correction that gives size back; also a trade that arrives already busted, and a new price for the same size',
  Canceled: 'canceled',
  Replaced: 'another order is in its place',
  Rejected: 'rejected',
  Expired: 'expired',
}

type Table<S extends string, W extends string> = Readonly<Record<S, Readonly<Partial<Record<W, S>>>>>
type Machine<S extends string, W extends string> = {
  readonly table: Table<S, W>
  readonly words: Readonly<Record<W, string>>
  readonly start: S
  /** It may stay here for good. */
  readonly ends: (state: S) => boolean
}

const INTENTS: Machine<IntentState, IntentSaid> = {
  table: INTENT,
  words: INTENT_WORDS,
  start: 'Received',
  ends: (state) => isSettled(state) || state === 'Approved',
}
const DELIVERIES: Machine<Delivery, DeliverySaid> = {
  table: DELIVERY,
  words: DELIVERY_WORDS,
  start: 'Queued',
  ends: (state) => state === 'Delivered' || state === 'Rejected' || state === 'Absent',
}
const PHASES: Machine<Phase, Said> = {
  table: PHASE,
  words: PHASE_WORDS,
  start: 'PendingNew',
  ends: (state) => !isOpenPhase(state),
}

const keys = <K extends string>(record: Readonly<Record<K, unknown>>): K[] => Object.keys(record) as K[]

/** One arrow for each pair of states, with every word that leads along it; what stays is in the table only. */
function diagram<S extends string, W extends string>({ table, words, start, ends }: Machine<S, W>): string {
  const lines = [`[*] --> ${start}`]
  for (const from of keys(table)) {
    for (const to of keys(table)) {
      const along = keys(words).filter((word) => table[from][word] === to)
      if (from !== to && along.length > 0) lines.push(`${from} --> ${to}: ${along.join(', ')}`)
    }
    if (ends(from)) lines.push(`${from} --> [*]`)
  }
  return ['```mermaid', 'stateDiagram-v2', ...lines.map((line) => `    ${line}`), '```'].join('\n')
}

function grid<S extends string, W extends string>({ table, words }: Machine<S, W>): string {
  const cell = (from: S, word: W): string => {
    const to = table[from][word]
    return to === undefined ? '' : to === from ? '·' : to
  }
  return markdown(
    ['', ...keys(words)],
    keys(table).map((from) => [`**${from}**`, ...keys(words).map((word) => cell(from, word))]),
  )
}

const legend = <W extends string>(words: Readonly<Record<W, string>>): string =>
  keys(words)
    .map((word) => `- \`${word}\`: ${words[word]}`)
    .join('\n')

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

const section = <S extends string, W extends string>(machine: Machine<S, W>): string =>
  [diagram(machine), legend(machine.words), grid(machine)].join('\n\n')

/** What the outside reads, for every pair of delivery and phase. */
function statuses(): string {
  const phases = keys(PHASE)
  const cumQty = (phase: Phase) => qty(phase === 'PartiallyFilled' ? '30' : '0')
  return markdown(
    ['delivery', ...phases],
    keys(DELIVERY).map((delivery) => [
      `**${delivery}**`,
      ...phases.map((phase) => ordStatus({ ...SENT, delivery, phase, cumQty: cumQty(phase) })),
    ]),
  )
}

/** docs/order-machine.md, drawn from the tables that the code runs on. */
export function generate(): string {
  return `# The three machines

An order is not one machine with twenty states but three small ones beside each other: what was asked for, whether the
broker has it, and what the broker last said about it. Each is a table in the code (\`INTENT\`, \`DELIVERY\`, \`PHASE\`
in \`src/orders\`); this page is written from them.

In the tables a row is where it stands and a column what was learned; \`·\` means that it stays, and an empty cell that
it cannot happen: a command is refused, a fault of ours is raised, or the broker has contradicted itself and a person is
called.

## Intent: what was asked for

${section(INTENTS)}

After \`Approved\` the order tells the rest. Between the yes and the send the market may move: then there is a new ticket
and a new question, and the old yes is void.

## Delivery: does the broker have it?

${section(DELIVERIES)}

A send starts once; nothing leads back to \`Queued\`. \`InDoubt\` is a real answer, resolved by evidence only: an order in
doubt counts against every limit and is never sent again. A broker that reports an order which it had rejected, or which
was proven absent, is believed at once, and the symbol is frozen.

## Phase: what the broker last said

${section(PHASES)}

No column of trades (\`PartialFill\`, \`Fill\`, \`Unfill\`) has an empty cell: a trade is money wherever it arrives, also
after a cancel that it crossed on the wire, after another order took its place, after the close, or after a rejection
(that one calls a person). Every row takes a late acknowledgement, because reports overtake each other.

Quantities are not in the machine. CumQty, AvgPx and the position are folds over the executions, and the same whatever
the order of arrival: a repeated ExecID counts once, a bust is final, and of two corrections the later one holds. A bust
of the last fill opens a filled order again, unless the broker had ended it: then it goes back to that end.

## OrdStatus: what the outside reads

A view over delivery and phase. An open order whose cancellation we have asked for, and which the broker is known to
have, reads \`PendingCancel\`; one in whose place another was sent reads \`PendingReplace\` until the broker has decided;
one whose every trade was busted reads \`New\`.

${statuses()}
`
}
