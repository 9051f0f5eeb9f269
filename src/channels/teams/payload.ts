import { type IntentID, isIntentID } from '../../values/brand.ts'
import { Numeral, parseJson } from '../../values/json.ts'
import { err, ok, type Result } from '../../values/result.ts'
import { REASON_MAX, SEEN, type Verb, VERBS } from './card.ts'
import { plain } from './text.ts'

/** What of an activity counts: learn.microsoft.com, "Activity" of the Bot Framework. Everything else is left unread. */
export type Activity = {
  readonly type: string
  /** Of an invoke: what it is about. */
  readonly name: string | null
  readonly id: string | null
  readonly channelId: string
  readonly serviceUrl: string
  readonly conversation: { readonly id: string; readonly tenantId: string; readonly type: string | null }
  /** `channelData.tenant.id`. */
  readonly tenant: string
  /** `28:` and the app id, when it is for us. */
  readonly recipient: string
  /** `from.aadObjectId`, in lower case; null when it is missing or no GUID. */
  readonly user: string | null
  /** The message that holds the button which was clicked. */
  readonly replyTo: string | null
  /** Without the mention of us that it began with. */
  readonly text: string | null
  /** Somebody named us with an @, or it is a chat with nobody else. */
  readonly toUs: boolean
  /** We were put into this conversation. */
  readonly added: boolean
  readonly value: unknown
}

export type Click = {
  readonly verb: Verb
  readonly gateway: string
  readonly intentID: IntentID
  readonly rev: number
  readonly digest: string
  readonly reason: string | null
}

export type Said =
  | { readonly kind: 'click'; readonly click: Click }
  /** Somebody says that they saw an alert. */
  | { readonly kind: 'seen'; readonly gateway: string; readonly taskID: string }
  | { readonly kind: 'link'; readonly code: string }
  | { readonly kind: 'status' }
  | { readonly kind: 'halt'; readonly reason: string }
  | { readonly kind: 'help' }
  /** We may post here from now on. */
  | { readonly kind: 'installed' }
  /** Looks like a click, and is none that our cards send. */
  | { readonly kind: 'odd'; readonly text: string }
  | { readonly kind: 'nothing' }

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
export const isGuid = (text: string): boolean => GUID.test(text)

/** Longer names than any that Teams gives; what is longer is not kept with a vote. */
const ID_MAX = 512
const GATEWAY = /^[A-Za-z0-9_-]{16}$/
const DIGEST = /^[A-Za-z0-9_-]{16,43}$/
const CODE_MAX = 64
/** No word to us is longer. */
const TEXT_MAX = 4000
const MENTION = /^\s*<at(?:\s[^<>]*)?>[^<]*<\/at>/i
const ENTITIES: Readonly<Record<string, string>> = {
  '&nbsp;': ' ',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
}

/** @returns what is missing, in words. */
export function readActivity(body: string): Result<Activity, string> {
  const parsed = parseJson(body)
  if (!parsed.ok) return err(`not JSON: ${parsed.error.message}`)
  const activity = objectOf(parsed.value)
  if (activity === null) return err('not an activity')
  const conversation = objectOf(activity['conversation'])
  const recipient = id(objectOf(activity['recipient'])?.['id'])
  const needed = {
    type: id(activity['type']),
    channelId: id(activity['channelId']),
    serviceUrl: id(activity['serviceUrl']),
    conversation: id(conversation?.['id']),
    tenantId: id(conversation?.['tenantId']),
    tenant: id(objectOf(objectOf(activity['channelData'])?.['tenant'])?.['id']),
    recipient,
  }
  const { type, channelId, serviceUrl, tenantId, tenant } = needed
  if (!type || !channelId || !serviceUrl || !needed.conversation || !tenantId || !tenant || !recipient)
    return err(
      `without ${Object.entries(needed)
        .filter(([, value]) => value === null)
        .map(([name]) => name)
        .join(', ')}`,
    )
  const user = id(objectOf(activity['from'])?.['aadObjectId'])?.toLowerCase() ?? null
  const conversationType = id(conversation?.['conversationType'])
  const text = activity['text']
  return ok({
    type,
    name: id(activity['name']),
    id: id(activity['id']),
    channelId,
    serviceUrl,
    conversation: { id: needed.conversation, tenantId: tenantId.toLowerCase(), type: conversationType },
    tenant: tenant.toLowerCase(),
    recipient,
    user: user !== null && isGuid(user) ? user : null,
    replyTo: id(activity['replyToId']),
    text: typeof text === 'string' ? wordsOf(text) : null,
    toUs: conversationType === 'personal' || mentions(activity['entities'], recipient),
    added: isAdded(activity, type, recipient),
    value: activity['value'],
  })
}

/** What was meant. Anything that is not certain is `nothing`, or `odd` where somebody waits for an answer. */
export function saidIn(activity: Activity): Said {
  if (activity.type === 'invoke')
    return activity.name === 'adaptiveCard/action' ? clickIn(activity.value) : { kind: 'nothing' }
  if (activity.type === 'message') return activity.toUs ? wordIn(activity.text) : { kind: 'nothing' }
  return activity.added ? { kind: 'installed' } : { kind: 'nothing' }
}

function clickIn(value: unknown): Said {
  const action = objectOf(objectOf(value)?.['action'])
  const data = objectOf(action?.['data'])
  if (action?.['type'] === 'Action.Execute' && action['verb'] === SEEN) return seenIn(data)
  const verb = VERBS.find((each) => each === action?.['verb'])
  if (action?.['type'] !== 'Action.Execute' || !verb || !data)
    return { kind: 'odd', text: 'This button is none of ours. Open the order in Jax to decide.' }
  const { g, a, r, d, reason } = data
  const rev = r instanceof Numeral && /^\d{1,9}$/.test(r.source) ? Number(r.source) : null
  const isReason = reason === undefined || reason === null || typeof reason === 'string'
  if (typeof g !== 'string' || !GATEWAY.test(g))
    return {
      kind: 'odd',
      text: 'This button does not say which gateway it is of: it is older than the one that heard you. Nothing was decided; look at the page of the order, and decide there.',
    }
  if (typeof a !== 'string' || !isIntentID(a) || rev === null || typeof d !== 'string' || !DIGEST.test(d) || !isReason)
    return { kind: 'odd', text: 'This button does not say which order it means. Open the order in Jax to decide.' }
  return {
    kind: 'click',
    click: { verb, gateway: g, intentID: a, rev, digest: d, reason: plain(reason ?? '', REASON_MAX) || null },
  }
}

function seenIn(data: Readonly<Record<string, unknown>> | null): Said {
  const { g, t } = data ?? {}
  return typeof g === 'string' && GATEWAY.test(g) && typeof t === 'string' && t !== '' && t.length <= ID_MAX
    ? { kind: 'seen', gateway: g, taskID: t }
    : { kind: 'odd', text: 'This button does not say which alert it means. Open Jax to see all of them.' }
}

function wordIn(text: string | null): Said {
  const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(text ?? '') ?? []
  switch (word.toLowerCase()) {
    case '':
      return { kind: 'nothing' }
    case 'link':
      return /^\S+$/.test(rest) && rest.length <= CODE_MAX ? { kind: 'link', code: rest } : { kind: 'help' }
    case 'status':
      return rest === '' ? { kind: 'status' } : { kind: 'help' }
    case 'halt':
      // Stopping needs no reason: nobody should have to think of one first.
      return { kind: 'halt', reason: plain(rest, REASON_MAX) || 'No reason given.' }
    default:
      return { kind: 'help' }
  }
}

function wordsOf(text: string): string {
  let rest = text.slice(0, TEXT_MAX)
  while (MENTION.test(rest)) rest = rest.replace(MENTION, '')
  return rest
    .replace(/<\/?at(?:\s[^<>]*)?>/gi, '')
    .replace(/&(?:nbsp|lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity] ?? entity)
    .trim()
}

const mentions = (entities: unknown, us: string): boolean =>
  Array.isArray(entities) &&
  entities.some((each) => {
    const entity = objectOf(each)
    return entity?.['type'] === 'mention' && objectOf(entity['mentioned'])?.['id'] === us
  })

function isAdded(activity: Readonly<Record<string, unknown>>, type: string, us: string): boolean {
  if (type === 'installationUpdate') return activity['action'] === 'add'
  const members = activity['membersAdded']
  return (
    type === 'conversationUpdate' && Array.isArray(members) && members.some((each) => objectOf(each)?.['id'] === us)
  )
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Numeral)
    ? (value as Readonly<Record<string, unknown>>)
    : null

const id = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' && value.length <= ID_MAX && !/[\u0000-\u001f\u007f]/.test(value)
    ? value
    : null
