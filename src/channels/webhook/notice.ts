import type { Card } from '../../ports/channel.ts'
import { type Instant, rfc3339 } from '../../values/instant.ts'

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
      reasoning: card.reasoning === null ? null : plain(card.reasoning, MAX.reasoning, 'keep lines'),
      state: card.state,
      stateText: plain(card.stateText, MAX.line),
      decideBy: time(card.decideBy),
      url: card.url,
    },
  }
}

const time = (at: Instant | null): string | null => (at === null ? null : rfc3339(at))

// Controls but for the line feed; what is not meant to be seen (marks that turn the direction of text, joiners, fillers,
// tags); notes between the lines; what may not be in any text.
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\ufffe\uffff]/gu
const BREAKS = /\r\n?|[\v\f\u0085\u2028\u2029]/g
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })
/** One character may carry any number of accents. Over a whole text, no script needs more. */
const UNITS_PER_CHARACTER = 4
/** Nobody reads further than this in search of the next character that can be shown. */
const READ_UNITS = 64

/**
 * Hostile text, harmless in whatever shows it as text: no control, no change of direction, nothing invisible, no half of
 * a surrogate pair. What is longer than `max` characters ends in `…`.
 */
export function plain(raw: string, max: number, lines: 'keep lines' | 'one line' = 'one line'): string {
  const unitsMax = max * READ_UNITS
  const text = raw.slice(0, unitsMax).toWellFormed().replace(BREAKS, '\n').replaceAll('\t', ' ').replace(HIDDEN, '')
  return cut((lines === 'keep lines' ? text : oneLine(text)).trim(), max, raw.length > unitsMax)
}

// Not a pattern with a blank before and after the break: over many blanks it takes quadratic time.
const oneLine = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ')

/** @param more there was more than this text. */
function cut(text: string, max: number, more: boolean): string {
  const kept: string[] = []
  let units = 0
  let whole = !more
  for (const { segment } of graphemes.segment(text)) {
    units += segment.length
    whole &&= kept.length < max && units <= max * UNITS_PER_CHARACTER
    // The sign itself is a character.
    if (kept.length === max || units > max * UNITS_PER_CHARACTER) break
    kept.push(segment)
  }
  return whole
    ? text
    : `${kept
        .slice(0, max - 1)
        .join('')
        .trimEnd()}…`
}
