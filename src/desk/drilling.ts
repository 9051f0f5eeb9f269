import { DRILLS, type Shown } from '../gate/rollout.ts'
import type { Actor } from '../journal/row.ts'
import type { Drill, Person } from '../ports/records.ts'
import { base32, sha256 } from '../values/hash.ts'
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

export const asShown = ({ drill, endedAt, result, attested }: Drill): Shown['drills'][number] => ({
  name: drill,
  at: endedAt,
  passed: result === 'passed',
  attested,
})
