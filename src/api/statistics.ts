import type { Decision, Intent } from '../ports/records.ts'
import { type Instant, msBetween, rfc3339 } from '../values/instant.ts'
import type { NameOf } from './present.ts'
import type * as wire from './wire.ts'

type Person = { approved: number; declined: number; took: number[] }

/**
 * How people decided. Counts intents that had a ticket, and so were put before people; those that went because a person
 * had armed their strategy were not. Times run from the arrival of the intent to the yes or no.
 *
 * @param intents received since then, in any order.
 */
export function statistics(intents: readonly Intent[], since: Instant, name: NameOf): wire.ApprovalStatistics {
  const counts = { asked: 0, approved: 0, declined: 0, expired: 0, withdrawn: 0, refused: 0 }
  const took: number[] = []
  const people = new Map<string, Person>()
  const of = (id: string): Person => {
    const person = people.get(id) ?? { approved: 0, declined: 0, took: [] }
    people.set(id, person)
    return person
  }
  for (const intent of intents) {
    const { decision, receivedAt } = intent
    if (intent.rev === 0 || decision?.evidence?.kind === 'armed') continue
    counts.asked++
    if (decision) counts[decision.verdict]++
    else if (intent.state === 'Lapsed') counts.expired++
    else if (intent.state === 'Refused') counts.refused++
    if (decision && decision.verdict !== 'withdrawn') took.push(msBetween(receivedAt, decision.at))
    for (const yes of yesesOf(intent)) {
      const person = of(yes.by)
      person.approved++
      person.took.push(msBetween(receivedAt, yes.at))
    }
    if (decision?.verdict === 'declined') {
      const person = of(decision.by)
      person.declined++
      person.took.push(msBetween(receivedAt, decision.at))
    }
  }
  return {
    since: rfc3339(since),
    ...counts,
    decidedInMs: took.length === 0 ? null : { p50: quantile(took, 50), p95: quantile(took, 95) },
    byPerson: [...people]
      .map(([id, { approved, declined, took: times }]) => ({
        byName: name(id),
        approved,
        declined,
        medianMs: times.length === 0 ? null : quantile(times, 50),
      }))
      .sort((a, b) => b.approved + b.declined - a.approved - a.declined || (a.byName < b.byName ? -1 : 1)),
  }
}

/** The yeses of an intent: those of before there was a policy are its one decision. */
const yesesOf = ({ votes = [], decision }: Intent): readonly Decision[] =>
  votes.length > 0 ? votes : decision?.verdict === 'approved' ? [decision] : []

/** The least of them that is at least as large as `percent` of a hundred (nearest rank). */
function quantile(times: readonly number[], percent: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0
}
