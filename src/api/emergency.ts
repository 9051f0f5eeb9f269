// What a person needs who must act now: what is held, what works at the broker, and whom to call. Read from the book as it
// is last known, by the page `/emergency` and by the command line alike; each part that cannot be read says so by itself.
import { haltOf, type HaltState, ofAll, statesOf } from '../orders/halt.ts'
import { isOpen, leavesQty, type Order, ordStatus } from '../orders/machine.ts'
import type { Position } from '../orders/position.ts'
import type { ReconcileRun } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { AccountID } from '../values/brand.ts'
import { abs, isZero, sign, text } from '../values/decimal.ts'
import { type Instant, msBetween, rfc3339 } from '../values/instant.ts'
import { viewPosition } from './present.ts'

/** The books are compared every minute; what nobody has looked at for longer than this is called old. */
export const OLD_AFTER_MS = 180_000

/** What is printed before the first live order, and kept beside the telephone. */
export type PhoneSheet = {
  readonly phone: string | null
  readonly secondPhone: string | null
  readonly hours: string | null
  /** As it is said on the telephone. */
  readonly accountNumber: string | null
  /** What the desk will do for us; null when nobody has asked it. */
  readonly does: string | null
  readonly note: string | null
}

/** What is known of a desk without asking it. */
const DESKS: ReadonlyMap<string, string> = new Map([
  ['sim', 'There is no desk: this broker is built in, and its money is play money.'],
  // Its own page on phone orders says so (article 185).
  ['ibkr', 'Takes market orders that close, and nothing else; USD 30 each.'],
])
const NOT_CONFIRMED = 'Not confirmed: ask the desk at set-up what it will do, and for which fee.'
export const deskOf = (broker: string, sheet: PhoneSheet): string => sheet.does ?? DESKS.get(broker) ?? NOT_CONFIRMED

/** A line to be pasted into a terminal of this machine. */
export type Remedy = { readonly what: string; readonly command: string }

/** What stays the same as long as the gateway runs: who it is, where its things are, what to type. */
export type Place = {
  readonly account: AccountID
  readonly broker: string
  readonly sheet: PhoneSheet
  /** How the sheet is filled in, in words. */
  readonly fillIn: string
  readonly now: readonly Remedy[]
  readonly close: readonly Remedy[]
  /** After a trade by telephone. */
  readonly after: readonly Remedy[]
  /** Where the procedures stand. */
  readonly manual: string
}

/** Null when nothing halts by file. */
export type ByFile = { readonly by: string; readonly reason: string; readonly at: string | null } | null

/** How old something is, in seconds of a person's time; null where the market's clock is not ours to compare with. */
type Known = { readonly at: string; readonly ageS: number | null; readonly old: boolean }

export type Held = {
  readonly symbol: string
  readonly side: 'Long' | 'Short'
  readonly qty: string
  /** What is said on the telephone to be rid of it. */
  readonly closeBy: 'Sell' | 'Buy'
  readonly avgCost: string | null
  readonly protectedQty: string
  /** When it was last known to be so: the last clean comparison with the broker, or the last trade. */
  readonly known: Known | null
}
export type Working = {
  readonly clOrdID: string
  readonly orderID: string | null
  readonly symbol: string
  readonly side: string
  readonly leavesQty: string
  readonly ordType: string
  readonly price: string | null
  readonly stopPx: string | null
  readonly role: string
  /** It keeps what is held from losing more. */
  readonly protects: boolean
  readonly ordStatus: string
  readonly known: Known
}

/** One part of the book, or why it cannot be read. */
export type Part<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string }

export type Emergency = {
  readonly account: string
  readonly broker: string
  readonly at: string
  readonly haltFile: ByFile
  readonly halts: Part<readonly (Omit<HaltState, 'since'> & { readonly since: string })[]>
  /** All is halted, and no entry is open by the broker's own word since then. */
  readonly proven: boolean
  /** When the broker's side of the book was last read; null before the first time. */
  readonly compared: Part<(Known & { readonly clean: boolean; readonly findings: readonly string[] }) | null>
  readonly held: Part<readonly Held[]>
  readonly working: Part<readonly Working[]>
  /** Orders of which nobody knows whether the broker has them. */
  readonly inDoubt: Part<readonly Working[]>
  readonly sheet: PhoneSheet & { readonly desk: string }
} & Pick<Place, 'fillIn' | 'now' | 'close' | 'after' | 'manual'>

/** @param clock `now` null, where the times of the book are those of another clock. */
export type Watch = {
  readonly at: Instant
  readonly now: Instant | null
  /** Market seconds per second of a person. */
  readonly speed: number
}

/** @param reads null when the database cannot even be opened; `why` says why not. */
export async function gather(
  place: Place,
  reads: Reads | { readonly why: string },
  byFile: ByFile,
  watch: Watch,
): Promise<Emergency> {
  const known = knownBy(watch)
  const part = async <T>(read: (reads: Reads) => Promise<T>): Promise<Part<T>> => {
    if ('why' in reads) return { ok: false, why: reads.why }
    try {
      return { ok: true, value: await read(reads) }
    } catch (fault) {
      return { ok: false, why: fault instanceof Error ? fault.message : String(fault) }
    }
  }
  const { account, broker, sheet, fillIn, now, close, after, manual } = place
  const run = await part((book) => book.get('reconcile', account))
  const open = await part((book) => book.openOrders(account))
  const halts = await part(async (book) => statesOf(await book.all('halt')))
  const lines = (of: (order: Order) => boolean): Part<readonly Working[]> =>
    open.ok ? { ok: true, value: open.value.filter(of).map((order) => working(order, known)) } : open
  return {
    account,
    broker,
    at: rfc3339(watch.at),
    haltFile: byFile,
    halts: halts.ok ? { ok: true, value: halts.value.map((halt) => ({ ...halt, since: rfc3339(halt.since) })) } : halts,
    proven: halts.ok && open.ok && run.ok && isProven(account, halts.value, open.value, run.value),
    compared: run.ok
      ? {
          ok: true,
          value: run.value && { ...known(run.value.at), clean: run.value.clean, findings: run.value.findings },
        }
      : run,
    // What protects a position is told by the orders: without them it would look as if nothing did.
    held: open.ok
      ? await part((book) => heldIn(book, open.value, run.ok && run.value?.clean ? run.value.at : null, known))
      : open,
    working: lines((order) => isOpen(order) && !isDoubtful(order)),
    inDoubt: lines(isDoubtful),
    sheet: { ...sheet, desk: deskOf(broker, sheet) },
    fillIn,
    now,
    close,
    after,
    manual,
  }
}

/** As `GET /v1/halt` says it. */
function isProven(
  account: AccountID,
  halts: readonly HaltState[],
  open: readonly Order[],
  run: ReconcileRun | null,
): boolean {
  const state = haltOf(halts, ofAll(account))
  const entries = open.some((order) => order.role === 'Entry' && isOpen(order))
  return state?.level === 'K4' && !entries && run !== null && run.clean && run.at >= state.since
}

/** A send that was cut off is one too: nobody knows what became of it. */
const isDoubtful = (order: Order): boolean =>
  isOpen(order) && order.phase === 'PendingNew' && (order.delivery === 'InDoubt' || order.delivery === 'Sending')

const knownBy =
  ({ now, speed }: Watch) =>
  (at: Instant): Known => {
    const ageMs = now === null ? null : Math.max(0, msBetween(at, now)) / speed
    return { at: rfc3339(at), ageS: ageMs === null ? null : Math.floor(ageMs / 1000), old: (ageMs ?? 0) > OLD_AFTER_MS }
  }

async function heldIn(
  reads: Reads,
  open: readonly Order[],
  agreedAt: Instant | null,
  known: (at: Instant) => Known,
): Promise<readonly Held[]> {
  const positions = (await reads.all('position')).filter(({ netQty }) => !isZero(netQty))
  return Promise.all(positions.map((position) => held(reads, position, open, agreedAt, known)))
}

async function held(
  reads: Reads,
  position: Position,
  open: readonly Order[],
  agreedAt: Instant | null,
  known: (at: Instant) => Known,
): Promise<Held> {
  const { symbol, netQty } = position
  const [last] = (await reads.fills({ symbol }, { limit: 1, after: null })).items
  const tradedAt = last?.transactTime ?? null
  const at = tradedAt !== null && (agreedAt === null || tradedAt > agreedAt) ? tradedAt : agreedAt
  const isLong = sign(netQty) > 0
  const { avgCost, protectedQty } = viewPosition(position, null, null, open)
  return {
    symbol,
    side: isLong ? 'Long' : 'Short',
    qty: text(abs(netQty)),
    closeBy: isLong ? 'Sell' : 'Buy',
    avgCost,
    protectedQty,
    known: at === null ? null : known(at),
  }
}

function working(order: Order, known: (at: Instant) => Known): Working {
  const { symbol, side, ordType, price, stopPx } = order.terms
  return {
    clOrdID: order.clOrdID,
    orderID: order.orderID,
    symbol,
    side,
    leavesQty: text(leavesQty(order)),
    ordType,
    price: price && text(price),
    stopPx: stopPx && text(stopPx),
    role: order.role,
    protects: order.role === 'Stop' || order.role === 'Target',
    ordStatus: order.delivery === 'Queued' ? 'NotSentYet' : ordStatus(order),
    known: known(order.updatedAt),
  }
}
