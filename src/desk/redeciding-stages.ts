import { isTightening } from '../gate/limits.ts'
import { isLive, stageAfter, stageBelow } from '../orders/stage.ts'
import { canonical } from '../values/json.ts'
import type { Happened } from './events.ts'
import { found, type Judge } from './finding.ts'
import { inForce } from './limiting.ts'
import { environmentOf } from './proving-people.ts'
import { rolloutNow } from './promoting.ts'
import { mayHoldDrills, unshown } from './drilling.ts'
import { mayReview } from './reviewing.ts'
import { brought, personOf } from './redeciding-changes.ts'

// How far an account may go, decided again: what was shown is counted anew from the rows before.

export const STAGE_JUDGES = {
  'controls.reviewed': async ({ tx, row, data: { review } }) => {
    const said = `${review.byName} reviewed all controls.`
    const person = await personOf(tx, row.actor)
    return person?.personID === review.by && mayReview(person)
      ? null
      : found('NOT_ELIGIBLE', said, 'Controls are reviewed by people with the role risk or auditor, in their own name.')
  },
  'drill.held': async ({ tx, row, at, data: { drill } }) => {
    const said = `${drill.byName} held the drill ${drill.drill}.`
    const person = await personOf(tx, row.actor)
    if (person?.personID !== drill.by || !mayHoldDrills(person))
      return found('NOT_ELIGIBLE', said, 'Drills are held by people with a role, and in their own name.')
    if (await tx.get('drill', drill.drillID)) return found('REPEATED', said, 'It is written down before.')
    if (drill.startedAt > drill.endedAt || drill.endedAt > at)
      return found('CONTRADICTED', said, 'It ended before it began, or after it was written down.')
    const why = drill.attested ? null : await unshown(tx, drill)
    return why === null ? null : found('CONTRADICTED', said, `Nothing measured it: ${why}`)
  },
  'stage.opened': async ({ tx, data: { stage, from } }) => {
    const said = `The account begins at stage ${stage}.`
    if (await tx.get('stage', 'account')) return found('REPEATED', said, 'It has begun before.')
    return isLive(stage) && from === null
      ? found('NOT_APPROVED', said, 'No book is named in which people promoted it so far.')
      : null
  },
  'stage.changed': async (c) => {
    const { stage, cause, limits, build } = c.data
    const rollout = await c.tx.get('stage', 'account')
    const row = await c.tx.get('limits', 'account')
    const said = `The account goes to stage ${stage}.`
    if (!rollout) return found('CONTRADICTED', said, 'Nothing is written of the stage before it.')
    const from = rollout.stage
    if (cause === 'demoted') {
      if (c.row.actor.type !== 'system') return found('NOT_ELIGIBLE', said, 'Only a rule takes it back.')
      if (stage !== stageBelow(from) && !(stage === 'S1' && isLive(from)) && stage !== from)
        return found('CONTRADICTED', said, `It was at ${from}.`)
      return row && limits && !isTightening(inForce(row, c.at), limits)
        ? found('CONTRADICTED', said, 'Its limits are looser than before.')
        : null
    }
    const next = cause === 'promoted' ? stageAfter(from) : from
    if (stage !== next) return found('CONTRADICTED', said, `After ${from} comes ${next ?? 'none'}.`)
    if (cause === 'promoted') {
      const environment = environmentOf(c.row.object.id) ?? 'paper'
      const missing = (await rolloutNow(c.tx, environment, c.at))?.evidence.filter(({ met }) => !met) ?? []
      if (missing.length > 0)
        return found('NOT_APPROVED', said, `Not shown yet: ${missing.map(({ title }) => title).join('; ')}.`)
    }
    return brought(
      c,
      said,
      ({ what }) =>
        what.kind === 'stage' &&
        what.after === stage &&
        what.era === rollout.era &&
        what.build === build &&
        (cause === 'promoted' ? canonical(what.limits) === canonical(limits) : limits === null),
    )
  },
} as const satisfies { readonly [A in keyof Happened]?: Judge<A> }
