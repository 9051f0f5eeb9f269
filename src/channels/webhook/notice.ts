import type { Alert, Card } from '../../ports/channel.ts'
import { type Instant, rfc3339 } from '../../values/instant.ts'
import { characters, shown } from '../../values/shown.ts'

/**
 * What a receiver is sent, as JSON. `approval.waiting`: somebody has to decide, or what is to be decided changed.
 * `approval.closed`: nobody has to any more; it comes again when the order goes on (`approved`, then `sent`, then
 * `ended`). There is nothing in it that a decision could be made with: whoever wants to decide opens `url` and signs in.
 * It says nothing of when it was sent, so that the same news is the same bytes.
 */
export type Notice = {
  readonly type: 'approval.waiting' | 'approval.closed'
  readonly data: {
    readonly intentID: string
    readonly rev: number
    /** To compare with other screens by eye; no yes is given with it. */
    readonly fingerprint: string
    readonly environment: 'paper' | 'live'
    readonly title: string
    readonly facts: readonly { readonly name: string; readonly value: string }[]
    readonly reasoning: string | null
    readonly state: Card['state']
    readonly stateText: string
    /** RFC 3339 UTC; null when it can no longer be decided. */
    readonly decideBy: string | null
    readonly url: string
  }
}

/**
 * `alert.raised`: people are called, or more of them are. `alert.closed`: somebody has seen it, or it is over. Nothing in
 * it acknowledges anything: whoever wants to opens `url` and signs in.
 */
export type AlertNotice = {
  readonly type: 'alert.raised' | 'alert.closed'
  readonly data: Pick<Alert, 'taskID' | 'severity' | 'environment' | 'title' | 'text' | 'stateText' | 'url' | 'runbook'>
}

export function alertNoticeOf(alert: Alert): AlertNotice {
  const { severity, environment, url, runbook } = alert
  return {
    type: alert.state === 'waiting' ? 'alert.raised' : 'alert.closed',
    data: {
      taskID: plain(alert.taskID, MAX.line),
      severity,
      environment,
      title: plain(alert.title, MAX.line),
      text: plain(alert.text, MAX.reasoning),
      stateText: plain(alert.stateText, MAX.line),
      url,
      runbook,
    },
  }
}

/** Characters as a reader counts them. In any script that leaves a notice below 128 kB, which small receivers still take. */
const MAX = { name: 64, line: 256, reasoning: 2_000, facts: 24 }

export function noticeOf(card: Card): Notice {
  return {
    type: card.state === 'waiting' ? 'approval.waiting' : 'approval.closed',
    data: {
      intentID: card.intentID,
      rev: card.rev,
      fingerprint: plain(card.fingerprint, MAX.name),
      environment: card.environment,
      title: plain(card.title, MAX.line),
      facts: card.facts.slice(0, MAX.facts).map((fact) => ({
        name: plain(fact.name, MAX.name),
        value: plain(fact.value, MAX.line),
      })),
      reasoning: card.reasoning === null ? null : plain(card.reasoning, MAX.reasoning, 'many'),
      state: card.state,
      stateText: plain(card.stateText, MAX.line),
      decideBy: time(card.decideBy),
      url: card.url,
    },
  }
}

const time = (at: Instant | null): string | null => (at === null ? null : rfc3339(at))

/** One character may carry any number of accents. Over a whole text, no script needs more. */
const UNITS_PER_CHARACTER = 4

/** Text from outside, harmless in whatever shows it as text. What is longer than `max` characters ends in `…`. */
export const plain = (raw: string, max: number, lines: 'one' | 'many' = 'one'): string =>
  shown(raw, [characters(max), { max: max * UNITS_PER_CHARACTER, of: (character) => character.length }], lines)
