import {
  defaultsOf,
  LIMIT_NAMES,
  type LimitName,
  LIMITS,
  type LimitUnit,
  LIST_NAMES,
  type ListName,
  LISTS,
} from '../gate/limits.ts'
import { STAGES, type Stage } from '../orders/stage.ts'
import { type Decimal, dec, shortest, times } from '../values/decimal.ts'
import { decidersOf, proposersOf } from './governing.ts'
import { DAY_ZONE, RECENT_MAX } from './trading-day.ts'
import { SCOPE } from './used.ts'

/** Those that send orders: the shadow has the figures of paper. */
const SHOWN: readonly Stage[] = STAGES.filter((stage) => stage !== 'S0')
const STAGE: Readonly<Record<Stage, string>> = { S0: 'shadow', S1: 'paper', S2: 'pilot', S3: 'limited', S4: 'live' }

const grouped = (text: string): string => text.replace(/\B(?=(\d{3})+$)/g, ',')
function figure(value: Decimal | null, unit: LimitUnit): string {
  if (value === null) return '—'
  if (unit.startsWith('share')) return `${shortest(times(value, dec('100')))} %`
  return `${grouped(shortest(value))}${unit === 'basis points' ? ' bps' : ''}`
}
const shown = (value: readonly string[] | boolean | null): string =>
  value === null
    ? 'all'
    : typeof value === 'boolean'
      ? value
        ? 'yes'
        : 'no'
      : value.length === 0
        ? 'none'
        : value.join(', ')

/** What counts against each, beside the order in question. */
const COUNTS: { readonly [N in LimitName]: string } = {
  maxGrossExposure: 'all positions at the ask, and all open entries at what they may cost',
  maxNetExposure:
    'long positions less short ones, and open entries on the same side; those on the other may never fill',
  maxDayTurnover: 'the entries of the day: while open at what they may cost, afterwards at what they filled',
  maxOrderNotional: 'the order alone, a market order at the quote and the collar',
  maxPositionNotional: 'the position in the symbol and its open entries',
  maxSymbolShare: 'the position in the symbol and its open entries',
  maxSectorShare: 'the positions and open entries of all symbols of the sector, on both sides',
  maxOrderQty: 'the order alone',
  maxOrderQtyShares: 'the order alone',
  maxOrderQtyFx: 'the order alone',
  maxOrderQtyCoins: 'the order alone',
  maxVolumeShare: 'the order alone, against the mean volume of the days that are over',
  collarBps: 'the order alone: its price, and for a market order also what it would get',
  maxMoveBps: 'the market: lowest to highest price of the last ten minutes',
  maxOrdersPerMinute: `every order, cancel and replacement of the last 60 seconds, exits too; at most ${RECENT_MAX} can be counted`,
  maxOrdersPerDay: 'every order, cancel and replacement of the day, exits too',
  maxRepeats: 'the entries of the day for the same strategy, symbol and side',
  maxRejects: 'rejects of the broker in a row, by strategy',
  maxLosers: 'round trips in a row that lost, by strategy',
  maxOpenPositions: 'symbols with a position or an open entry',
  dayLoss: 'equity at the opening and what was paid in since, less equity now',
  drawdown: 'the highest equity and what was paid in since, less equity now',
  buyingPowerBuffer: 'open entries that the buying power of the broker may not know of',
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const ruled = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

const defaults = (): string =>
  ruled(
    ['limit', 'control', 'unit', ...SHOWN.map((stage) => `${stage} ${STAGE[stage]}`)],
    LIMIT_NAMES.map((name) => {
      const { control, unit, defaults: of } = LIMITS[name]
      return [`\`${name}\``, control, unit, ...SHOWN.map((stage) => figure(of[stage], unit))]
    }),
  )
const lists = (): string =>
  ruled(
    ['list', 'control', ...SHOWN.map((stage) => `${stage} ${STAGE[stage]}`), 'what it says', 'refused as'],
    LIST_NAMES.map((name: ListName) => {
      const { control, meaning, refusal } = LISTS[name]
      return [
        `\`${name}\``,
        control,
        ...SHOWN.map((stage) => shown(defaultsOf(stage).lists[name])),
        meaning,
        `[${refusal}](refusals.md#${refusal.toLowerCase()})`,
      ]
    }),
  )
const meanings = (): string =>
  LIMIT_NAMES.map((name) => {
    const { meaning, title, refusal, tighter } = LIMITS[name]
    const code =
      refusal === null
        ? 'No order is refused for it; it stops the strategy.'
        : `Refused as [${refusal}](refusals.md#${refusal.toLowerCase()}).`
    const more = tighter === 'higher' ? ' The one limit of which more is tighter.' : ''
    const per = SCOPE[name] === 'symbol' ? ' Of each symbol by itself.' : ''
    return `- **\`${name}\`**, ${title}. ${meaning}${per}${more} Counted: ${COUNTS[name]}. ${code}`
  }).join('\n')

const either = (roles: readonly string[]): string => `${roles.slice(0, -1).join(', ')} or ${roles.at(-1) ?? ''}`

/** The page docs/limits.md. */
export function generate(): string {
  const limits = defaultsOf('S1')
  const shorting = (allowShort: boolean) => ({ ...limits, lists: { ...limits.lists, allowShort } })
  const tighter = { kind: 'risk limits', before: shorting(true), after: shorting(false) } as const
  const looser = { kind: 'risk limits', before: shorting(false), after: shorting(true) } as const
  return `# Risk limits

How much one account may risk, whatever anybody proposes and approves. Every order is held to them twice: when it is
proposed, so that nobody is asked about an order that cannot go, and again in the transaction that puts it on its way to
the broker, with the facts of that moment. What is not known (no quote, no opening equity, a position that nobody can
value) refuses. What protects or closes a position is never held up by a limit.

See them, with what is used of each now: the page *Limits* (\`Shift L\`), \`jax-exec limits\`, \`GET /v1/limits\`. Each order
that waits for a person says how much of them it uses, on the page, on the command line and in Slack and Teams.

## What each stage begins with

${defaults()}

— is no limit. A share of equity is a share of the equity at the opening of the trading day and of what was paid in since:
no limit moves with the market, and what was approved at the limit still fits at the send.

${lists()}

The pilot and the limited stage begin with no symbol allowed: people name them first.

## What each means, and what counts

${meanings()}

An order counts from the moment that it is created, before the first byte leaves, and is released by its end alone:
filled, canceled, rejected, expired, or proven absent. So two orders that each fit cannot both pass a limit that only one
of them fits, an order in doubt counts as if it could fill, and a restart forgets nothing. Of an order and the one that
is to replace it, the dearer counts.

## Hard and soft

Beyond a *hard* limit nothing goes, and nobody can wave it through: there is no override. Beyond a *soft* one the order goes
with one level more: a passkey instead of a click, two people instead of one. Whoever decides sees which soft limits those
are. No stage begins with soft limits; people set them. A soft limit beyond the hard one is refused, for nothing would ever
meet it; one that is not spoken of comes down with the hard one.

## Who may change them

| | who | when it holds |
| --- | --- | --- |
| tighter | one person alone: ${either(proposersOf(tighter))} | at once |
| looser | proposed by ${proposersOf(looser).join(' or ')}; another person who is ${either(decidersOf(looser))} agrees, as surely as the [policy of approvals](approvals.md) asks for changes | from the next trading day on that is eight hours away at least |

A change that tightens one figure and loosens another is a looser one as a whole. Nobody loosens a limit for the trade of
the moment: agreed to today, it holds from tomorrow. Until then any other change of the limits gives it up; the later word
counts. Where nobody else may decide, the proposer's own yes has to do, and the record says \`four-eyes: off\`. Agents, tokens
and chats change no limits; Slack and Teams show them.

\`\`\`sh
jax-exec limits set maxOrderNotional 2500 --reason "a quiet week"          # tighter: in force now
jax-exec limits set dayLoss=1% maxOrdersPerDay=50 --reason "as agreed"     # several at once
jax-exec limits set maxOrderNotional --soft 1500 --reason "look twice"     # a soft limit
jax-exec limits restrict GME --reason "earnings tonight"
jax-exec limits allow AAPL MSFT --reason "the pilot"                       # these and no others
jax-exec limits history                                                    # who, what, when, why, and who agreed
\`\`\`

The same over HTTP is \`POST /v1/changes\` with \`{"what": {"kind": "risk limits", "values": {"maxOrderNotional": {"hard":
"2500"}}}, "reason": "…"}\`: what is absent stays, null is no limit, \`version\` refuses when somebody changed them meanwhile.
Every change is a row of the journal with who, when and why, and \`jax-exec audit verify\` proves that each was proposed and agreed to by people who might ([audit](audit.md)).

## What the configuration may do

It may only tighten. \`policy.maxOrderNotional\`, \`policy.maxPositionNotional\`, \`policy.buyingPowerBuffer\`, \`policy.collarBps\`
and \`policy.allowShort: false\` hold the account to less than people set ([configuration](configuration.md)); a looser
figure there says nothing, and the log of the start says which. The screens mark what the configuration holds down.

## The trading day

A day is that of ${DAY_ZONE}: it turns at midnight there, also when the clocks change, for every account and whatever it
trades. With it the turnover, the messages of the day and the repeats begin anew, and looser limits come into force. The
first reading of the account in it is written down as its opening.

- **Paid in is no profit.** Cash that no trade explains, above what there was at the opening, raises the equity that losses
  are counted from; so a deposit does not hide a loss. While the broker's positions and ours differ, none is believed: a
  trade of which we have not heard looks the same.
- **Paid out counts as lost.** Fees and interest go the same way as a withdrawal, and nobody but a person can tell them
  apart. Whoever withdraws on a trading day may meet \`dayLoss\` early; it ends with the day.
  \`drawdown\` does not: the height to fall from comes down for nobody, so that after a large withdrawal people loosen it.
- A clock that is set back goes on in the day that it was: the counts of a day are never lost.
`
}
