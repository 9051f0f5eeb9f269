import type { AccountID, ClOrdID, IntentID } from '../values/brand.ts'
import type { Decision, Intent } from '../ports/records.ts'
import { base32, sha256 } from '../values/hash.ts'
import { canonical } from '../values/json.ts'

/**
 * ClOrdIDs are computed, never drawn: the same attempt of the same intent always has the same name, whatever crashed in
 * between, and no two attempts share one. 20 characters of hash, 100 bits, are the attempt's; 6 more say by whom and by what
 * it was decided, so that the broker's own record is bound to that. With the ending at most 34 characters, inside the 48
 * that the strictest broker takes.
 * @param decided as `decisionIn` tells it; null: by nobody, as an exit of a liquidation, or in a journal of before.
 */
export function entryID(account: AccountID, intentID: IntentID, attempt: number, decided: string | null): ClOrdID {
  const name = base32(sha256(`${account}\n${intentID}\n${attempt}`), ATTEMPT + DECISION)
  const ending = decided === null ? name.slice(ATTEMPT) : base32(sha256(decided), DECISION)
  return `jx${name.slice(0, ATTEMPT)}${ending}` as ClOrdID
}
const [ATTEMPT, DECISION] = [20, 6]

/** Whether it names this attempt, whoever decided. */
export const isEntryName = (name: string, account: AccountID, intentID: IntentID, attempt: number): boolean =>
  /^jx[0-9a-z]{26}$/.test(name) && name.startsWith(entryID(account, intentID, attempt, null).slice(0, 2 + ATTEMPT))

type Decided = Pick<Intent, 'proposal' | 'proposer' | 'digest' | 'requires' | 'votes'> & {
  readonly decision: Pick<Decision, 'by'> | null
}
/** Who decided on an order and from what, as one text: strategy, model, run, who asked, who said yes, under which policy. */
export function decisionIn({ proposal, proposer, digest, requires, votes = [], decision }: Decided): string {
  const { strategyID, model = null, artifactID, artifactHash } = proposal
  const yes = [...votes, ...(decision ? [decision] : [])].map(({ by }) => by)
  return canonical({
    strategyID,
    model,
    artifactID,
    artifactHash,
    proposer: proposer.id,
    approvers: [...new Set(yes)].sort(),
    policyVersion: requires?.policyVersion ?? null,
    digest,
  })
}
/** Exit `n` of an entry: 0 is the leg that the broker makes from our bracket, 1 and on are those we place ourselves. */
export const exitID = (entry: ClOrdID, role: 'Stop' | 'Target' | 'Exit', n: number): ClOrdID =>
  `${entry}-${LETTER[role]}${n === 0 ? '' : n}` as ClOrdID
const LETTER = { Stop: 's', Target: 't', Exit: 'x' } as const
/** Whether it is a name of an exit, which no other order has: it needs no memory of ours to be known for one. */
export const isExitName = (name: string): boolean => /^jx[0-9a-z]{26}(-r\d+)?-[stx]\d*$/.test(name)
/** The `n`th order that is to take the place of an entry, whatever became of those before it. */
export const replacementID = (first: ClOrdID, n: number): ClOrdID => `${first}-r${n}` as ClOrdID
export const pairOf = (stop: ClOrdID): ClOrdID => stop.replace(/-s(\d*)$/, '-t$1') as ClOrdID
