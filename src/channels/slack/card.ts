import type { Button, KnownBlock, ModalView, PlainTextElement } from '@slack/types'
import type { Alert, Card, Place } from '../../ports/channel.ts'
import { type IntentID, isIntentID } from '../../values/brand.ts'
import { type Instant, rfc3339 } from '../../values/instant.ts'
import { escaped, plain } from './text.ts'

/** Lengths that Slack allows; a longer text makes it refuse the whole message. */
export const LIMIT = {
  header: 150,
  section: 3000,
  field: 2000,
  fieldsOfSection: 10,
  button: 75,
  confirmText: 300,
  value: 2000,
  url: 3000,
  blocksOfMessage: 50,
} as const
/** Ours, and shorter: a card is read in seconds. */
const REASONING_MAX = 1500
const FACT_MAX = 200
const FACTS_MAX = 40
const NOTE_MAX = 500
const TOP_TEXT_MAX = 1000

export const APPROVE = 'apr.approve'
export const REJECT = 'apr.reject'
export const OPEN = 'apr.open'
export const SEEN = 'alt.seen'
export const REASON_VIEW = 'apr.reject.reason'
export const REASON_BLOCK = 'r'
export const REASON_ACTION = 'reason'
export const REASON_LENGTH = { min: 3, max: 500 } as const

/** As many characters of the digest as a button carries. */
const DIGEST_CHARS = 16
const SEEN_VALUE = /^a1\|([A-Za-z0-9_-]{16})\|([^|]{1,1900})$/
const VALUE = /^v2\|([A-Za-z0-9_-]{16})\|([^|]{1,192})\|(\d{1,9})\|([A-Za-z0-9_-]{16})$/

export type Message = {
  readonly text: string
  readonly blocks: KnownBlock[]
  readonly metadata:
    | {
        readonly event_type: 'jax_approval'
        readonly event_payload: { readonly intent_id: string; readonly rev: number }
      }
    | { readonly event_type: 'jax_alert'; readonly event_payload: { readonly task_id: string } }
}
/** What a button points at, and whose it is. It gives no right to anything: all that counts is looked up. */
export type Locator = Pick<Card, 'gateway' | 'intentID' | 'rev' | 'digest'>

/** The card as a message: with buttons while it waits, with what became of it afterwards. */
export function messageOf(card: Card): Message {
  const title = `${card.environment.toUpperCase()} · ${card.title}`
  return {
    text: topText(card),
    blocks: [
      { type: 'header', text: words(title, LIMIT.header) },
      ...(card.state === 'waiting' ? [] : [note('state', card.stateText)]),
      ...factSections(card),
      ...(card.reasoning === null
        ? []
        : [section('why', words(`Why, in the proposer's words: ${card.reasoning}`, REASONING_MAX))]),
      { type: 'context', block_id: 'foot', elements: [words(footOf(card), NOTE_MAX)] },
      ...actionsOf(card),
    ],
    metadata: { event_type: 'jax_approval', event_payload: { intent_id: card.intentID, rev: card.rev } },
  }
}

/** An alert as a message: with a button until somebody has seen it. */
export function alertMessageOf(alert: Alert): Message {
  const title = `${alert.environment.toUpperCase()} · ${alert.severity === 'critical' ? 'CRITICAL' : 'Warning'} · ${alert.title}`
  const value = seenValueOf(alert)
  const buttons: Button[] = [
    ...(alert.state === 'waiting' && value.length <= LIMIT.value
      ? [{ ...button(SEEN, 'Acknowledge'), style: 'primary' as const, value }]
      : []),
    ...(isPage(alert.url) ? [{ ...button(OPEN, 'Open in Jax'), url: alert.url }] : []),
  ]
  return {
    text: escaped(plain(`${title}: ${alert.text}`, TOP_TEXT_MAX)) || 'An alert',
    blocks: [
      { type: 'header', text: words(title, LIMIT.header) },
      section('what', words(alert.text, REASONING_MAX)),
      note('state', alert.stateText),
      { type: 'context', block_id: 'foot', elements: [words(`What to do: ${alert.runbook}`, NOTE_MAX)] },
      ...(buttons.length === 0 ? [] : [{ type: 'actions' as const, block_id: 'alt', elements: buttons }]),
    ],
    metadata: { event_type: 'jax_alert', event_payload: { task_id: plain(alert.taskID, FACT_MAX) } },
  }
}

/** Which alert a button means, and whose it is. It gives no right to anything. */
export const seenValueOf = ({ gateway, taskID }: Pick<Alert, 'gateway' | 'taskID'>): string =>
  `a1|${gateway}|${encodeURIComponent(taskID.toWellFormed())}`
/** Null when it is not one that `seenValueOf` makes. */
export function seenIn(value: string): Pick<Alert, 'gateway' | 'taskID'> | null {
  const [, gateway = '', name = ''] = SEEN_VALUE.exec(value) ?? []
  const taskID = decoded(name)
  return taskID !== '' && seenValueOf({ gateway, taskID }) === value ? { gateway, taskID } : null
}

/** What notifications show. Slack reads it as mrkdwn, whatever the blocks are. */
function topText(card: Card): string {
  const what = `${card.environment.toUpperCase()} ${card.title}`
  const first = card.facts[0]
  const parts =
    card.state === 'waiting'
      ? [
          `Approval needed: ${what}`,
          first === undefined ? '' : `${first.name} ${first.value}`,
          `fingerprint ${card.fingerprint}`,
          card.decideBy === null ? '' : `decide by ${time(card.decideBy)}`,
        ]
      : [`${what}: ${card.stateText}`]
  return escaped(plain(parts.filter((part) => part !== '').join(', '), TOP_TEXT_MAX)) || 'An order'
}

function factSections(card: Card): KnownBlock[] {
  const shown = card.facts.slice(0, FACTS_MAX).map(({ name, value }) => words(`${name}: ${value}`, FACT_MAX))
  const sections: KnownBlock[] = []
  for (let at = 0; at < shown.length; at += LIMIT.fieldsOfSection)
    sections.push({
      type: 'section',
      block_id: `facts.${at / LIMIT.fieldsOfSection + 1}`,
      fields: shown.slice(at, at + LIMIT.fieldsOfSection),
    })
  const left = card.facts.length - shown.length
  return left > 0 ? [...sections, note('more', `and ${left} more on the page of the order`)] : sections
}

function footOf(card: Card): string {
  const waiting = card.state === 'waiting'
  return [
    `fingerprint ${card.fingerprint}`,
    waiting && card.decideBy !== null ? `decide by ${time(card.decideBy)}` : '',
    waiting ? card.stateText : '',
    waiting && !card.takesYes ? 'a yes counts only on the page of the order' : '',
  ]
    .filter((part) => part !== '')
    .join(' · ')
}

function actionsOf(card: Card): KnownBlock[] {
  const buttons: Button[] = []
  if (card.state === 'waiting') {
    if (card.takesYes)
      buttons.push({ ...button(APPROVE, 'Approve'), style: 'primary', value: valueOf(card), ...confirm(card) })
    buttons.push({ ...button(REJECT, 'Reject'), style: 'danger', value: valueOf(card) })
  }
  // One address that Slack does not take would cost the whole card, and with it the button that says no.
  if (isPage(card.url)) buttons.push({ ...button(OPEN, 'Open in Jax'), url: card.url })
  return buttons.length === 0 ? [] : [{ type: 'actions', block_id: 'apr', elements: buttons }]
}

const confirm = (card: Card): Pick<Button, 'confirm'> => ({
  confirm: {
    title: words('Approve this order?', 100),
    text: words(
      `${card.environment.toUpperCase()} ${card.title} · ${card.facts
        .slice(0, 2)
        .map(({ name, value }) => plain(`${name} ${value}`, 80))
        .join(' · ')} · fingerprint ${card.fingerprint}`,
      LIMIT.confirmText,
    ),
    confirm: words('Approve', 30),
    deny: words('Back', 30),
    style: 'primary',
  },
})

export const valueOf = ({ gateway, intentID, rev, digest }: Locator): string =>
  `v2|${gateway}|${encodeURIComponent(intentID)}|${rev}|${digest.slice(0, DIGEST_CHARS)}`

/** Null when it is not one that `valueOf` makes. */
export function locatorIn(value: string): Locator | null {
  const [, gateway = '', name = '', rev = '', digest = ''] = VALUE.exec(value) ?? []
  const intentID = decoded(name)
  if (!isIntentID(intentID)) return null
  const locator = { gateway, intentID, rev: Number(rev), digest }
  return valueOf(locator) === value ? locator : null
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** Asks why, after the no was recorded. Whoever closes it without a word has said no all the same. */
export const reasonView = ({ gateway, intentID }: Locator, place: Place): ModalView => ({
  type: 'modal',
  callback_id: REASON_VIEW,
  private_metadata: JSON.stringify({ gateway, intent_id: intentID, channel: place.conversation, ts: place.message }),
  title: words('Order rejected', 24),
  submit: words('Add reason', 24),
  close: words('Skip', 24),
  blocks: [
    {
      type: 'input',
      block_id: REASON_BLOCK,
      label: words('It is rejected. Why?', 2000),
      element: {
        type: 'plain_text_input',
        action_id: REASON_ACTION,
        multiline: true,
        min_length: REASON_LENGTH.min,
        max_length: REASON_LENGTH.max,
      },
    },
  ],
})

/** Whose window it was, about which order, and where its card stands. Null when the text is none that we write. */
export function reasonFor(
  metadata: string,
): { readonly gateway: string; readonly intentID: IntentID; readonly place: Place } | null {
  try {
    const { gateway, intent_id, channel, ts } = JSON.parse(metadata) as Readonly<Record<string, unknown>>
    if (typeof intent_id !== 'string' || !isIntentID(intent_id)) return null
    if (typeof gateway !== 'string' || typeof channel !== 'string' || typeof ts !== 'string') return null
    return { gateway, intentID: intent_id, place: { conversation: channel, message: ts } }
  } catch {
    return null
  }
}

/** A text for one person only: as blocks, where nothing is markup, and escaped for what shows no blocks. */
export function whisper(text: string): { readonly text: string; readonly blocks: KnownBlock[] } {
  const said = plain(text, LIMIT.section, 'many') || '—'
  return { text: escaped(said), blocks: [{ type: 'section', text: { type: 'plain_text', text: said, emoji: false } }] }
}

const words = (text: string, max: number): PlainTextElement => ({
  type: 'plain_text',
  text: plain(text, max) || '—',
  emoji: false,
})
const section = (block_id: string, text: PlainTextElement): KnownBlock => ({ type: 'section', block_id, text })
const note = (block_id: string, text: string): KnownBlock => section(block_id, words(text, NOTE_MAX))
const button = (action_id: string, label: string): Button => ({
  type: 'button',
  action_id,
  text: words(label, LIMIT.button),
})
/** `2026-11-22T15:18:20Z`: a card needs no microseconds. */
const time = (at: Instant): string => rfc3339(at).replace(/\.\d+Z$/, 'Z')

function isPage(url: string): boolean {
  const { protocol, username, password } = URL.parse(url) ?? {}
  return /^https?:$/.test(protocol ?? '') && username === '' && password === '' && url.length <= LIMIT.url
}
