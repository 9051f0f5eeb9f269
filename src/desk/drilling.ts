import { DRILLS, type Shown } from '../gate/rollout.ts'
import type { Actor, Row } from '../journal/row.ts'
import { cancels } from '../orders/halt.ts'
import { isOpen } from '../orders/machine.ts'
import type { Drill, Person } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { AccountID, ClOrdID } from '../values/brand.ts'
import { base32, sha256 } from '../values/hash.ts'
import { type Instant, instant, parseInstant } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { ok, type Result } from '../values/result.ts'
import { type Command, deny } from './command.ts'
import type { Denial } from './desk.ts'

// Emergency procedures as people rehearse them. What they show counts for the next stage.

/** Whoever answers for something here may rehearse it; an agent rehearses nothing. */
export const mayHoldDrills = (person: Person | null): boolean =>
  person !== null && !person.disabled && person.roles.length > 0

export type HeldDrill = Omit<Drill, 'drillID' | 'by' | 'byName'> & { readonly actor: Actor }

/** Takes down a drill that was held, whatever came of it. The same again is the same. */
export async function recordDrill(c: Command, { actor, ...held }: HeldDrill): Promise<Result<Drill, Denial>> {
  const person = actor.type === 'person' ? await c.tx.get('person', actor.id) : null
  if (!person || !mayHoldDrills(person))
    return deny('NOT_ELIGIBLE', 'A drill is held by a signed-in person with a role.')
  if (!isDrill(held.drill))
    return deny('NOT_FOUND', `There is no drill ${held.drill}; there are ${PROCEDURES.join(', ')}.`)
  if (held.startedAt > held.endedAt || held.endedAt > c.now)
    return deny('POLICY_FAULT', 'A drill ends after it began, and is taken down when it is over.')
  if (held.attested && (held.note ?? '').trim() === '')
    return deny('POLICY_FAULT', 'Nothing measured this drill: say in a note what was done, and what came of it.')
  const why = held.attested ? null : await unmeasured(c, { ...held, by: person.personID, byName: person.name })
  if (why !== null)
    return deny('DRILL_UNPROVEN', `${why} Hold it with "drill hold", or tell what you did with "drill attest".`)
  const drillID = `drl_${base32(sha256(canonical({ ...held, by: person.personID })), 12)}`
  const before = await c.tx.get('drill', drillID)
  if (before) return ok(before)
  const drill: Drill = { ...held, drillID, by: person.personID, byName: person.name }
  await c.emit('drill.held', { type: 'drill', id: drillID }, 'drill', { drill }, actor)
  return ok(drill)
}

/** E1 to E14 of docs/emergency.md, and the restore of a backup. */
export const PROCEDURES: readonly string[] = [...DRILLS, ...Array.from({ length: 7 }, (_, i) => `E${i + 8}`), 'restore']
export const isDrill = (name: string): boolean => PROCEDURES.includes(name)

// ---------------------------------------------------------------- what the book must show of one that was measured

/** What a program can hold and measure. */
const MEASURED: readonly string[] = ['E1', 'E2', 'E8', 'restore']

type Told = Omit<Drill, 'drillID'>

/** Why the book does not bear out what is said to be measured; null when it does. */
async function unmeasured(c: Command, told: Told): Promise<string | null> {
  if (!MEASURED.includes(told.drill)) return `No program measures ${told.drill}; those that it does are ${list}.`
  if (c.setting.policy.environment !== 'paper')
    return `${c.setting.account} trades real money, and nothing is measured there.`
  const why = await unshown(c.tx, told)
  if (why !== null || told.result === 'failed') return why
  if (told.drill === 'E1') {
    const run = await c.tx.get('reconcile', c.setting.account)
    const since = (await c.tx.get('halt', 'global'))?.state?.since ?? c.now
    return run && run.clean && run.at >= since
      ? null
      : 'The broker was not asked for all it holds since the halt, or something was found there.'
  }
  return COPIES.includes(told.drill) ? await notOurs(c, told) : null
}
const list = MEASURED.join(', ')

/** The part of it that follows from the book alone, so that a replay can ask it again. */
export async function unshown(reads: Reads, told: Told): Promise<string | null> {
  const { drill, byName, by, startedAt, endedAt, result, figures } = told
  if (Object.keys(figures).length === 0) return 'There are no figures.'
  const isWithin = (at: Instant): boolean => startedAt <= at && at <= endedAt
  if (drill === 'E1') {
    const halt = (await reads.get('halt', 'global'))?.state
    if (!halt || !cancels(halt) || halt.by !== byName || !isWithin(halt.since))
      return `No halt of everything (K4) by ${byName} began in that time and stands.`
    return result === 'failed' ? null : notTakenBack(reads, halt.since, told.orders ?? [])
  }
  if (drill === 'E2') {
    const last = await reads.get('liquidation', 'account')
    if (last?.by !== by || !isWithin(last.startedAt)) return `No liquidation by ${byName} began in that time.`
    if (result === 'failed') return null
    const whole = last.symbols === null && last.held.length > 0 && (last.report ?? []).every(({ why }) => why === null)
    return last.state === 'Flat' && last.endedAt !== null && isWithin(last.endedAt) && whole
      ? null
      : 'The liquidation of that time did not close all that was held.'
  }
  return null
}

async function notTakenBack(reads: Reads, since: Instant, names: readonly ClOrdID[]): Promise<string | null> {
  if (names.length === 0) return 'It names no entry that was canceled: a kill that takes nothing back shows nothing.'
  const accounts = new Set<AccountID>()
  for (const name of names) {
    const order = await reads.get('order', name)
    if (order?.role !== 'Entry' || order.createdAt > since || order.updatedAt < since || order.phase !== 'Canceled')
      return `${name} is no entry that was open at the halt and is canceled by the broker’s word.`
    accounts.add(order.account)
  }
  for (const account of accounts)
    if ((await reads.openOrders(account)).some((order) => order.role === 'Entry' && isOpen(order)))
      return 'An entry is open still.'
  return null
}

/** Read from a copy of the journal: how many rows it has, and the hash of the last. */
const COPIES: readonly string[] = ['E8', 'restore']

/** A copy is one of this journal, and was the newest there could be, when its last row stands here and none was older. */
async function notOurs(c: Command, { figures, startedAt, endedAt }: Told): Promise<string | null> {
  const size = /^\d{1,15}$/.test(figures['rows'] ?? '') ? Number(figures['rows']) : 0
  const head = await c.tx.head()
  const [last, next] = size > 0 && size <= head.size ? await c.tx.journal(size - 1, 2) : []
  const hash = next?.prev ?? head.hash
  if (!last || figures['last row'] !== hash) return 'Its figures name no row of this journal as the last of the copy.'
  const at = (row: Row): Instant => parseInstant(row.ts) ?? instant(0)
  const isNewest = next === undefined || at(next) >= startedAt
  return isNewest && at(last) <= endedAt ? null : 'The copy was not made in that time.'
}

export const asShown = ({ drill, endedAt, result, attested }: Drill): Shown['drills'][number] => ({
  name: drill,
  at: endedAt,
  passed: result === 'passed',
  attested,
})
