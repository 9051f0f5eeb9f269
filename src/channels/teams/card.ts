import type { Alert, Card } from '../../ports/channel.ts'
import { type Instant, rfc3339 } from '../../values/instant.ts'
import { marked, plain } from './text.ts'

/**
 * An order as an Adaptive Card 1.5. All of it is pure: the same order is the same card, byte for byte.
 *
 * Lengths are chosen so that a card with every text at its longest stays below `CARD_BYTES_MAX`; a test builds that card.
 */

/** Teams refuses cards from about 28 KB on, its documentation says in one place and 40 KB in another. */
export const CARD_BYTES_MAX = 28 * 1024
/** More than any order of ours has. One that has more can be declined here, and approved on its page. */
const FACTS_MAX = 20
const TITLE_MAX = 120
const NAME_MAX = 30
const VALUE_MAX = 100
const REASONING_MAX = 800
const SENTENCE_MAX = 300
const URL_MAX = 1500
/** As much of the digest as a button carries. */
const DIGEST_PART = 16
export const REASON_MAX = 500

/** What a button sends back: `g` is the gateway. It finds the order again, and is authority for nothing. */
export type Locator = { readonly g: string; readonly a: string; readonly r: number; readonly d: string }

export const VERBS = ['apr.approve', 'apr.confirm', 'apr.reject', 'apr.refresh'] as const
export const SEEN = 'alt.seen'
export type Verb = (typeof VERBS)[number]

/** The same of an alert: `t` is its task. */
export type AlertLocator = { readonly g: string; readonly t: string }

type TextBlock = {
  readonly type: 'TextBlock'
  readonly text: string
  readonly wrap: true
  readonly size?: 'Large'
  readonly weight?: 'Bolder'
  readonly color?: 'Attention' | 'Good' | 'Warning'
  readonly isSubtle?: true
  readonly separator?: true
}
type FactSet = {
  readonly type: 'FactSet'
  readonly facts: readonly { readonly title: string; readonly value: string }[]
}
type Input = {
  readonly type: 'Input.Text'
  readonly id: 'reason'
  readonly label: string
  readonly placeholder: string
  readonly maxLength: number
}
type Execute = {
  readonly type: 'Action.Execute'
  readonly title: string
  readonly verb: Verb | typeof SEEN
  readonly style?: 'positive' | 'destructive'
  readonly associatedInputs?: 'none'
  readonly data: Locator | AlertLocator
}
type OpenUrl = { readonly type: 'Action.OpenUrl'; readonly title: string; readonly url: string }

export type AdaptiveCard = {
  readonly type: 'AdaptiveCard'
  readonly $schema: 'http://adaptivecards.io/schemas/adaptive-card.json'
  readonly version: '1.5'
  readonly refresh?: { readonly action: Execute }
  readonly body: readonly (TextBlock | FactSet | Input)[]
  readonly actions: readonly (Execute | OpenUrl)[]
}

/** True when everything that decides can be read on the card: nobody is asked for a yes to what is not shown. */
export const isWhole = (card: Card): boolean => card.facts.length <= FACTS_MAX

/**
 * The order as it stands now. Only one that waits has buttons that decide.
 * @param notice a sentence for the one who looks at it, above everything else.
 */
export function cardOf(card: Card, notice: string | null = null): AdaptiveCard {
  const locator = locatorOf(card)
  const waiting = card.state === 'waiting'
  return adaptive(
    [...(notice === null ? [] : [sentence(notice, 'Warning')]), ...orderOf(card), ...(waiting ? [REASON] : [])],
    [
      ...(waiting && card.takesYes && isWhole(card) ? [approve(locator)] : []),
      ...(waiting ? [reject(locator)] : []),
      ...open(card),
    ],
    waiting ? { action: refresh('Refresh', locator) } : undefined,
  )
}

/**
 * The question after Approve, as Teams asks none by itself. Without `refresh`: a client that refreshed it would take the
 * question away from under the cursor.
 */
export function confirmCardOf(card: Card): AdaptiveCard {
  const locator = locatorOf(card)
  return adaptive(
    [
      { type: 'TextBlock', text: 'Approve exactly this order?', wrap: true, weight: 'Bolder', color: 'Warning' },
      ...orderOf(card),
    ],
    [{ ...approve(locator), title: 'Yes, approve', verb: 'apr.confirm' }, refresh('Back', locator), ...open(card)],
    undefined,
  )
}

/** An alert as a card: with a button until somebody has seen it. */
export function alertCardOf(alert: Alert): AdaptiveCard {
  const critical = alert.severity === 'critical'
  const { gateway: g, taskID: t } = alert
  return adaptive(
    [
      {
        type: 'TextBlock',
        text: `${alert.environment === 'live' ? 'LIVE' : 'PAPER'} - ${critical ? 'Critical' : 'Warning'} - ${marked(alert.title, TITLE_MAX)}`,
        wrap: true,
        size: 'Large',
        weight: 'Bolder',
        color: critical ? 'Attention' : 'Warning',
      },
      { type: 'TextBlock', text: marked(alert.text, REASONING_MAX), wrap: true },
      sentence(alert.stateText, null),
      sentence(`What to do: ${alert.runbook}`, null),
    ],
    [
      ...(alert.state === 'waiting'
        ? [
            {
              type: 'Action.Execute',
              title: 'Acknowledge',
              verb: SEEN,
              associatedInputs: 'none',
              data: { g, t },
            } as const,
          ]
        : []),
      ...open(alert),
    ],
    undefined,
  )
}

/** What a phone shows in its list before the card is opened: not Markdown. */
export const summaryOf = (card: Card | Alert): string =>
  plain(`${card.environment.toUpperCase()} - ${card.title}`, TITLE_MAX)

const REASON: Input = {
  type: 'Input.Text',
  id: 'reason',
  label: 'Reason',
  placeholder: 'Why not? Kept with the rejection.',
  maxLength: REASON_MAX,
}

const locatorOf = ({ gateway, intentID, rev, digest }: Card): Locator => ({
  g: gateway,
  a: intentID,
  r: rev,
  d: digest.slice(0, DIGEST_PART),
})

function adaptive(
  body: AdaptiveCard['body'],
  actions: AdaptiveCard['actions'],
  again: AdaptiveCard['refresh'],
): AdaptiveCard {
  return {
    type: 'AdaptiveCard',
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    version: '1.5',
    ...(again && { refresh: again }),
    body,
    actions,
  }
}

function orderOf(card: Card): (TextBlock | FactSet)[] {
  const shown = card.facts.slice(0, FACTS_MAX)
  const more = card.facts.length - shown.length
  const facts = [
    ...shown.map(({ name, value }) => ({ title: marked(name, NAME_MAX), value: marked(value, VALUE_MAX) })),
    { title: 'Fingerprint', value: marked(card.fingerprint, NAME_MAX) },
    ...(card.decideBy === null ? [] : [{ title: 'Decide by', value: clock(card.decideBy) }]),
  ]
  const live = card.environment === 'live'
  return [
    {
      type: 'TextBlock',
      text: `${live ? 'LIVE' : 'PAPER'} - ${marked(card.title, TITLE_MAX)}`,
      wrap: true,
      size: 'Large',
      weight: 'Bolder',
      ...(live && { color: 'Attention' as const }),
    },
    sentence(card.stateText, COLOR[card.state]),
    { type: 'FactSet', facts },
    ...(more === 0
      ? []
      : [sentence(`${more} more facts do not fit: open it in Jax to see all and approve.`, 'Warning')]),
    ...(card.reasoning === null
      ? []
      : [
          {
            type: 'TextBlock' as const,
            // A word of ours first: the proposer's words are told from ours, and begin no list.
            text: `Why: ${marked(card.reasoning, REASONING_MAX)}`,
            wrap: true as const,
            isSubtle: true as const,
            separator: true as const,
          },
        ]),
  ]
}

const COLOR: Readonly<Record<Card['state'], TextBlock['color'] | null>> = {
  waiting: null,
  approved: 'Good',
  declined: 'Attention',
  expired: 'Warning',
  withdrawn: 'Warning',
  refused: 'Attention',
  sent: 'Good',
  ended: null,
}

const sentence = (text: string, color: TextBlock['color'] | null): TextBlock => ({
  type: 'TextBlock',
  text: marked(text, SENTENCE_MAX),
  wrap: true,
  ...(color && { color }),
})

/** `2026-11-22 15:18:20 UTC`: the client's own date functions would show everybody another text. */
const clock = (at: Instant): string => `${rfc3339(at).slice(0, 19).replace('T', ' ')} UTC`

const approve = (data: Locator): Execute => ({
  type: 'Action.Execute',
  title: 'Approve',
  verb: 'apr.approve',
  style: 'positive',
  associatedInputs: 'none',
  data,
})
const reject = (data: Locator): Execute => ({
  type: 'Action.Execute',
  title: 'Reject',
  verb: 'apr.reject',
  style: 'destructive',
  data,
})
const refresh = (title: string, data: Locator): Execute => ({
  type: 'Action.Execute',
  title,
  verb: 'apr.refresh',
  associatedInputs: 'none',
  data,
})

function open(card: Pick<Card, 'url'>): OpenUrl[] {
  const url = card.url.length <= URL_MAX ? URL.parse(card.url) : null
  if (url === null || url.href.length > URL_MAX || !/^https?:$/.test(url.protocol)) return []
  return [{ type: 'Action.OpenUrl', title: 'Open in Jax', url: url.href }]
}
