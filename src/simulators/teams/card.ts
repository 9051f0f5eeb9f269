/** Adaptive Cards as the fake takes them: the part of schema 1.5 that this product sends, and nothing else. */

export type Element = { readonly type: string; readonly [field: string]: unknown }
export type Action = {
  readonly type: string
  readonly title: string
  readonly verb?: string
  readonly style?: string
  readonly url?: string
  readonly associatedInputs?: string
  readonly data?: Readonly<Record<string, unknown>>
}
export type Card = {
  readonly body: readonly Element[]
  readonly actions: readonly Action[]
  readonly refresh?: { readonly action: Action }
}

const BYTES_MAX = 28 * 1024
const STYLES = new Set(['default', 'positive', 'destructive'])

/** What Teams would not show of it, in words; null when it is a card. */
export function wrongWith(card: unknown): string | null {
  if (!isObject(card)) return 'a card is an object'
  if (Buffer.byteLength(JSON.stringify(card)) >= BYTES_MAX) return 'the card has more than 28 KB'
  if (card['type'] !== 'AdaptiveCard') return 'type is not AdaptiveCard'
  if (card['version'] !== '1.5') return 'version is not 1.5'
  if (card['$schema'] !== 'http://adaptivecards.io/schemas/adaptive-card.json') return '$schema is another one'
  const { body, actions, refresh } = card
  if (!Array.isArray(body) || body.length === 0) return 'a card has a body'
  if (!Array.isArray(actions) || actions.length > 6) return 'a card has at most 6 actions'
  for (const element of body) {
    const wrong = wrongElement(element)
    if (wrong !== null) return wrong
  }
  for (const action of actions) {
    const wrong = wrongAction(action)
    if (wrong !== null) return wrong
  }
  if (refresh === undefined) return null
  return isObject(refresh) ? wrongAction(refresh['action']) : 'refresh is an object'
}

function wrongElement(element: unknown): string | null {
  if (!isObject(element)) return 'an element is an object'
  switch (element['type']) {
    case 'TextBlock':
      return isText(element['text']) ? null : 'a TextBlock has text'
    case 'FactSet': {
      const { facts } = element
      const good = (fact: unknown): boolean =>
        isObject(fact) && isText(fact['title']) && typeof fact['value'] === 'string'
      return Array.isArray(facts) && facts.length > 0 && facts.every(good) ? null : 'a fact has a title and a value'
    }
    case 'Input.Text':
      return isText(element['id']) && isText(element['label']) ? null : 'an input has an id and a label'
    default:
      return `no element is called ${textOf(element['type'])}`
  }
}

function wrongAction(action: unknown): string | null {
  if (!isObject(action)) return 'an action is an object'
  const { style, title, type, url, verb } = action
  if (!isText(title)) return 'an action has a title'
  if (style !== undefined && !STYLES.has(textOf(style))) return `no style is called ${textOf(style)}`
  if (type === 'Action.Execute') return isText(verb) ? null : 'Action.Execute has a verb'
  if (type === 'Action.OpenUrl')
    return typeof url === 'string' && /^https?:$/.test(URL.parse(url)?.protocol ?? '')
      ? null
      : 'Action.OpenUrl has a URL'
  return `no action is called ${textOf(type)}`
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
