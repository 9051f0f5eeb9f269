import type { HaltLevel } from '../orders/halt.ts'
import type { Stage } from '../orders/stage.ts'
import type { LimitName } from './limits.ts'

// What stops trading or calls people by itself, as data: one row for each trigger. The watch, its settings and the page
// about it are made from this table.

export type TriggerName =
  | 'rejectsInRow'
  | 'losersInRow'
  | 'repeats'
  | 'dayLoss'
  | 'drawdown'
  | 'ordersInDoubt'
  | 'doubtThatLasts'
  | 'rejectBurst'
  | 'orderRate'
  | 'sentDiffers'
  | 'booksDiffer'
  | 'brokerSilent'
  | 'brokerLost'
  | 'streamLost'
  | 'staleQuote'
  | 'slowAnswer'
  | 'slippage'
  | 'unexpectedFill'
  | 'oddFill'
  | 'nobodyThere'
  | 'entriesUnattended'
  | 'clockOff'
  | 'clockWrong'
  | 'unsealed'
  | 'unheard'
  | 'unheeded'

/** One figure for each stage; beyond it the trigger trips. Smaller is tighter in all of them. */
type Figures = Readonly<Record<Stage, number>>
type TriggerRow = {
  /** Of the table of controls. */
  readonly control: `${'P' | 'R' | 'A'}${string}`
  /** What is measured, as the end of "It trips when …"; `N` is the figure. */
  readonly when: string
  /** A limit that people set; or figures that nothing loosens, with the reason for them. */
  readonly figure:
    | { readonly limit: LimitName }
    | { readonly unit: 'ms' | 'count' | 'bps'; readonly defaults: Figures; readonly reason: string }
  /** How far trading stops: the strategy at K1, everything at the others. Null: people are called and trading goes on. */
  readonly halts: Readonly<Record<'paper' | 'live', HaltLevel | null>>
  /** The kind of the alert that it raises; null: it is about alerts itself. */
  readonly alert: string | null
  readonly severity: 'warning' | 'critical'
}

const always = (figure: number): Figures => ({ S0: figure, S1: figure, S2: figure, S3: figure, S4: figure })
const both = (level: HaltLevel | null): TriggerRow['halts'] => ({ paper: level, live: level })
const SECOND = 1_000
const MINUTE = 60_000

export const TRIGGERS: { readonly [N in TriggerName]: TriggerRow } = {
  rejectsInRow: {
    control: 'P08',
    when: 'the broker has rejected the last N entries of one strategy',
    figure: { limit: 'maxRejects' },
    halts: both('K1'),
    alert: 'REJECTS',
    severity: 'critical',
  },
  losersInRow: {
    control: 'P08',
    when: 'the last N round trips of one strategy have lost',
    figure: { limit: 'maxLosers' },
    halts: both('K1'),
    alert: 'LOSERS',
    severity: 'critical',
  },
  repeats: {
    control: 'P08',
    when: 'one strategy tries to enter a symbol on the same side more than N times a day',
    figure: { limit: 'maxRepeats' },
    halts: both('K1'),
    alert: 'REPEATS',
    severity: 'critical',
  },
  dayLoss: {
    control: 'P10',
    when: 'the loss of the day is at N of the opening equity, in two readings of the account in a row',
    figure: { limit: 'dayLoss' },
    halts: both('K2'),
    alert: 'DAY_LOSS',
    severity: 'critical',
  },
  drawdown: {
    control: 'P10',
    when: 'the account is N below its highest equity, in two readings in a row',
    figure: { limit: 'drawdown' },
    halts: both('K3'),
    alert: 'DRAWDOWN',
    severity: 'critical',
  },
  ordersInDoubt: {
    control: 'R05',
    when: 'N orders have been in doubt at once for longer than 10 seconds',
    figure: { unit: 'count', defaults: always(2), reason: 'One lost answer happens; two at once are a fault.' },
    halts: both('K3'),
    alert: 'DOUBTS',
    severity: 'critical',
  },
  doubtThatLasts: {
    control: 'R05',
    when: 'one order has been in doubt for N',
    figure: {
      unit: 'ms',
      defaults: always(15 * MINUTE),
      reason: 'A look-up that finds nothing calls people after a minute; this is for a broker that answers none.',
    },
    halts: both(null),
    alert: 'IN_DOUBT',
    severity: 'critical',
  },
  rejectBurst: {
    control: 'R02',
    when: 'the broker has rejected N orders within a minute, of whatever strategies',
    figure: { unit: 'count', defaults: always(5), reason: 'More than one strategy that is wrong: the account is.' },
    halts: both('K2'),
    alert: 'REJECT_BURST',
    severity: 'critical',
  },
  orderRate: {
    control: 'P05',
    when: 'more than N times as many entries and replacements were sent in a minute as the limit maxOrdersPerMinute allows',
    figure: {
      unit: 'count',
      defaults: always(2),
      reason: 'Each fill may ask for a stop, and no halt holds back an exit: only what it stops counts.',
    },
    halts: both('K3'),
    alert: 'ORDER_RATE',
    severity: 'critical',
  },
  sentDiffers: {
    control: 'A03',
    when: 'the bytes of N order were not what was approved, or more orders left than were approved',
    figure: { unit: 'count', defaults: always(1), reason: 'It cannot happen while the program is right.' },
    halts: both('K4'),
    alert: 'SENT_DIFFERS',
    severity: 'critical',
  },
  booksDiffer: {
    control: 'A02',
    when: 'a difference between our book and the broker that nothing explains has been there for N',
    figure: { unit: 'ms', defaults: always(MINUTE), reason: 'Reports that lag explain most differences in seconds.' },
    halts: { paper: null, live: 'K2' },
    alert: 'BOOKS_DIFFER',
    severity: 'critical',
  },
  brokerSilent: {
    control: 'R02',
    when: 'the broker has not answered for N while an entry or a position is open',
    figure: { unit: 'ms', defaults: always(10 * SECOND), reason: 'Longer than a lost packet or a new connection.' },
    halts: both(null),
    alert: 'BROKER_SILENT',
    severity: 'critical',
  },
  brokerLost: {
    control: 'R02',
    when: 'the broker has not answered for N while an entry or a position is open',
    figure: { unit: 'ms', defaults: always(5 * MINUTE), reason: 'From then on the broker is called by phone.' },
    halts: both('K2'),
    alert: 'BROKER_LOST',
    severity: 'critical',
  },
  streamLost: {
    control: 'R02',
    when: 'the stream of the broker’s reports has been lost for N while an entry or a position is open',
    figure: {
      unit: 'ms',
      defaults: always(10 * SECOND),
      reason: 'Longer than a new connection takes. Orders are asked about one by one meanwhile, and fills come later.',
    },
    halts: both(null),
    alert: 'STREAM_LOST',
    severity: 'warning',
  },
  staleQuote: {
    control: 'R02',
    when: 'the newest quote of a symbol that is held is older than N while its market is open',
    figure: { unit: 'ms', defaults: always(MINUTE), reason: 'What trades is quoted many times a minute.' },
    halts: both(null),
    alert: 'STALE_QUOTE',
    severity: 'warning',
  },
  slowAnswer: {
    control: 'R02',
    when: 'the broker has not answered the send of an order within N',
    figure: { unit: 'ms', defaults: always(5 * SECOND), reason: 'A send is answered within half a second.' },
    halts: both(null),
    alert: 'SLOW_ANSWER',
    severity: 'warning',
  },
  slippage: {
    control: 'R02',
    when: 'a fill is more than N worse than the mid price that was approved, or than the trigger of its stop',
    figure: { unit: 'bps', defaults: always(50), reason: 'More than spread and drift cost.' },
    halts: both(null),
    alert: 'SLIPPAGE',
    severity: 'warning',
  },
  unexpectedFill: {
    control: 'R02',
    when: 'N fills came of an order that the broker had said was over',
    figure: { unit: 'count', defaults: always(1), reason: 'A fill may cross a cancel: people look whether it did.' },
    halts: both(null),
    alert: 'UNEXPECTED_FILL',
    severity: 'warning',
  },
  oddFill: {
    control: 'A15',
    when: 'a fill is more than N away from every price that was read in the minute around it; its symbol is frozen',
    figure: { limit: 'collarBps' },
    halts: both(null),
    alert: 'ODD_FILL',
    severity: 'critical',
  },
  nobodyThere: {
    control: 'R06',
    when: 'no person has done anything for N while an entry is open or a strategy is armed (on paper only where a setting says how long)',
    figure: {
      unit: 'ms',
      defaults: always(8 * 60 * MINUTE),
      reason: 'A working day. Whoever is there does something.',
    },
    halts: both('K2'),
    alert: 'OPERATOR_ABSENT',
    severity: 'critical',
  },
  entriesUnattended: {
    control: 'R06',
    when: 'no person has done anything for N while an entry is open (only where a setting says how long)',
    figure: {
      unit: 'ms',
      defaults: always(24 * 60 * MINUTE),
      reason: 'An entry that nobody looks after is taken back, where people want it so.',
    },
    halts: both('K4'),
    alert: 'ENTRIES_UNATTENDED',
    severity: 'critical',
  },
  clockOff: {
    control: 'A14',
    when: "our clock and the broker's are apart by more than N",
    figure: { unit: 'ms', defaults: always(500), reason: 'A clock that is kept is within a few dozen.' },
    halts: both(null),
    alert: 'CLOCK_OFF',
    severity: 'warning',
  },
  clockWrong: {
    control: 'A14',
    when: "our clock and the broker's are apart by more than N",
    figure: {
      unit: 'ms',
      defaults: always(2 * SECOND),
      reason: 'A quote may be five seconds old: beyond this no age can be trusted.',
    },
    halts: both('K3'),
    alert: 'CLOCK_WRONG',
    severity: 'critical',
  },
  unsealed: {
    control: 'A13',
    when: 'the head of the journal could not be signed and anchored for N',
    figure: {
      unit: 'ms',
      defaults: always(15 * MINUTE),
      reason: 'What an intruder cuts off unseen is as old as this.',
    },
    halts: { paper: null, live: 'K3' },
    alert: 'UNSEALED',
    severity: 'critical',
  },
  unheard: {
    control: 'R02',
    when: 'nobody has acknowledged an alert for N: further people are told',
    figure: { unit: 'ms', defaults: always(2 * MINUTE), reason: 'Whoever is there has answered by then.' },
    halts: both(null),
    alert: null,
    severity: 'warning',
  },
  unheeded: {
    control: 'R03',
    when: 'nobody has acknowledged a critical alert for N',
    figure: { unit: 'ms', defaults: always(10 * MINUTE), reason: 'Nobody is there, so nothing new is begun.' },
    halts: both('K2'),
    alert: null,
    severity: 'critical',
  },
}
export const TRIGGER_NAMES = Object.keys(TRIGGERS) as readonly TriggerName[]

/** Figures of an installation; a looser one than the default says nothing. Those of limits are set with the limits. */
export type TriggerSettings = { readonly [N in TriggerName]?: number | undefined }

/** The figure that holds: the default of the stage, or the tighter one of the settings. @returns Infinity for a limit. */
export function figureOf(name: TriggerName, stage: Stage, settings: TriggerSettings): number {
  const { figure } = TRIGGERS[name]
  return 'limit' in figure ? Infinity : Math.min(figure.defaults[stage], settings[name] ?? Infinity)
}

/** What to do about an alert, as an anchor of docs/emergency.md, by the kind of the alert. */
const RUNBOOKS: Readonly<Record<string, string>> = {
  REJECTS: '#e11-runaway-agent',
  LOSERS: '#e11-runaway-agent',
  REPEATS: '#e11-runaway-agent',
  ORDER_RATE: '#e11-runaway-agent',
  DAY_LOSS: '#e2-emergency-liquidation',
  DRAWDOWN: '#e2-emergency-liquidation',
  DOUBTS: '#e5-stuck-or-unknown-orders',
  IN_DOUBT: '#e5-stuck-or-unknown-orders',
  REJECT_BURST: '#e5-stuck-or-unknown-orders',
  DISPUTED: '#e5-stuck-or-unknown-orders',
  BOOKS_DIFFER: '#e13-reconciliation-break',
  FROZEN: '#e13-reconciliation-break',
  EXTERNAL_ORDER: '#e13-reconciliation-break',
  BROKER_SILENT: '#e4-loss-of-connectivity',
  BROKER_LOST: '#e4-loss-of-connectivity',
  STREAM_LOST: '#e4-loss-of-connectivity',
  STALE_QUOTE: '#e4-loss-of-connectivity',
  SLOW_ANSWER: '#e5-stuck-or-unknown-orders',
  SLIPPAGE: '#e6-wrong-fill-or-bust',
  UNEXPECTED_FILL: '#e6-wrong-fill-or-bust',
  ODD_FILL: '#e6-wrong-fill-or-bust',
  CLOCK_OFF: '#e9-clock-fault',
  CLOCK_WRONG: '#e9-clock-fault',
  SENT_DIFFERS: '#e1-kill',
  UNSEALED: '#e8-audit-chain-failure',
}
/** The chapter about an alert of this kind; that about stopping where there is none of its own. */
export const runbookOf = (kind: string): string => RUNBOOKS[kind] ?? '#e1-kill'

// ---------------------------------------------------------------- what is counted

/** How many of the latest in a row are what is counted; `all` is newest first. */
export function inRow<T>(all: readonly T[], isCounted: (one: T) => boolean): readonly T[] {
  const end = all.findIndex((one) => !isCounted(one))
  return end < 0 ? all : all.slice(0, end)
}
