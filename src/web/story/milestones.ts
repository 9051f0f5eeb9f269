import type { Event, Order, Story } from '../../api/wire.ts'
import { msOf } from '../time.ts'

/** One station of the road. `at` null: not reached (yet). */
export type Milestone = {
  readonly name: string
  readonly at: string | null
  readonly state: 'done' | 'failed' | 'ahead' | 'doubt' | 'never'
  /** Since the station before, in ms. */
  readonly tookMs: number | null
}

const last = (events: readonly Event[], action: string): string | null =>
  events.findLast((event) => event.action === action)?.ts ?? null

const DECIDED = { approved: 'Approved', declined: 'Declined', withdrawn: 'Withdrawn' } as const

/** The road of an intent: received → sized → approved → sent → filled, with the place where it left the road. */
export function milestones({ intent, orders, fills, events }: Story): Milestone[] {
  const entries = orders.filter(({ role }) => role === 'Entry')
  // The one that works now, and the one that was sent first: an order that was changed is several.
  const entry = entries.find(({ clOrdID }) => clOrdID === intent.clOrdID) ?? entries[0]
  const road = roadTo(entry, entries)
  const sent = road.at(-1)
  const entryFills = fills.filter(({ live, clOrdID }) => live && road.some((order) => order.clOrdID === clOrdID))
  const filledAt = entryFills.reduce<string | null>(
    (latest, { transactTime: at }) => (latest === null || at > latest ? at : latest),
    null,
  )
  const stations: Omit<Milestone, 'tookMs'>[] = [{ name: 'Received', at: intent.receivedAt, state: 'done' }]
  const add = (name: string, at: string | null, state: Milestone['state']): void =>
    void stations.push({ name, at, state })

  const refusedAt = intent.state === 'Refused' ? (last(events, 'intent.refused') ?? intent.updatedAt) : null
  const sizedAt = last(events, 'intent.ticketed')
  if (refusedAt !== null && intent.ticket === null) add('Refused', refusedAt, 'failed')
  else add('Sized', sizedAt, intent.ticket === null ? 'ahead' : 'done')

  if (intent.decision !== null)
    add(
      DECIDED[intent.decision.verdict],
      intent.decision.at,
      intent.decision.verdict === 'approved' ? 'done' : 'failed',
    )
  else if (intent.state === 'Lapsed') add('Lapsed', last(events, 'intent.lapsed') ?? intent.updatedAt, 'failed')
  else if (refusedAt === null) add('Approved', null, 'ahead')
  if (refusedAt !== null && intent.ticket !== null) add('Refused', refusedAt, 'failed')

  if (entry?.delivery === 'InDoubt') add('In doubt', entry.sentAt, 'doubt')
  else if (entry?.ordStatus === 'Rejected') add('Rejected', entry.updatedAt, 'failed')
  else add('Sent', sent?.sentAt ?? null, sent?.sentAt == null ? 'ahead' : 'done')

  if (entry?.ordStatus === 'Filled') add('Filled', filledAt ?? entry.updatedAt, 'done')
  else if (entry?.ordStatus === 'Canceled' || entry?.ordStatus === 'Expired')
    add(entry.ordStatus, entry.updatedAt, 'failed')
  else if (filledAt !== null) add('Partly filled', filledAt, 'ahead')
  else add('Filled', null, 'ahead')

  return ended(stations).map((station, i, all) => ({ ...station, tookMs: gap(all[i - 1]?.at ?? null, station.at) }))
}

/** An order and those in whose place it is, newest first. */
function roadTo(order: Order | undefined, entries: readonly Order[]): Order[] {
  if (order === undefined) return []
  return [
    order,
    ...roadTo(
      entries.find(({ clOrdID }) => clOrdID === order.replaces),
      entries,
    ),
  ]
}

/** After the place where it ended, what follows is not ahead but will never be. */
function ended(stations: readonly Omit<Milestone, 'tookMs'>[]): Omit<Milestone, 'tookMs'>[] {
  const end = stations.findIndex(({ state }) => state === 'failed')
  return stations.map((station, i) =>
    end >= 0 && i > end && station.state === 'ahead' ? { ...station, state: 'never' } : station,
  )
}

const gap = (from: string | null, to: string | null): number | null =>
  from === null || to === null ? null : msOf(to) - msOf(from)
