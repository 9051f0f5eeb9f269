/** What Slack checks before it shows anything. Lengths in UTF-16 units. */

type Json = Readonly<Record<string, unknown>>

const BLOCKS_MAX = { message: 50, modal: 100 } as const

/** Everything that Slack would refuse in these blocks, as its messages point at it; empty when it would show them. */
export function wrongInBlocks(blocks: unknown, surface: 'message' | 'modal'): string[] {
  const wrong = checks()
  if (!Array.isArray(blocks)) return ['[ERROR] blocks must be an array [json-pointer:/blocks]']
  if (blocks.length > BLOCKS_MAX[surface]) wrong.say(`no more than ${BLOCKS_MAX[surface]} items allowed`, '/blocks')
  const ids = new Set<string>()
  for (const [index, block] of blocks.entries()) {
    const at = `/blocks/${index}`
    if (!isObject(block)) {
      wrong.say('must be an object', at)
      continue
    }
    const id = block['block_id']
    if (id !== undefined) wrong.text(id, 255, `${at}/block_id`)
    if (typeof id === 'string' && ids.has(id)) wrong.say('`block_id` already exists', at)
    if (typeof id === 'string') ids.add(id)
    blockAt(block, at, surface, wrong)
  }
  return wrong.all
}

/** The same of a window. */
export function wrongInView(view: unknown): string[] {
  if (!isObject(view)) return ['[ERROR] view must be an object [json-pointer:/view]']
  const wrong = checks()
  if (view['type'] !== 'modal') wrong.say('must be modal', '/view/type')
  plainAt(view['title'], 24, '/view/title', wrong)
  for (const name of ['submit', 'close']) if (view[name] !== undefined) plainAt(view[name], 24, `/view/${name}`, wrong)
  if (view['callback_id'] !== undefined) wrong.text(view['callback_id'], 255, '/view/callback_id')
  if (view['private_metadata'] !== undefined) wrong.text(view['private_metadata'], 3000, '/view/private_metadata', 0)
  const blocks = view['blocks']
  const inputs = Array.isArray(blocks) && blocks.some((block) => isObject(block) && block['type'] === 'input')
  if (inputs && view['submit'] === undefined) wrong.say('a submit button is needed with input blocks', '/view')
  return [...wrong.all, ...wrongInBlocks(blocks, 'modal')]
}

function blockAt(block: Json, at: string, surface: 'message' | 'modal', wrong: Checks): void {
  switch (block['type']) {
    case 'header':
      return plainAt(block['text'], 150, `${at}/text`, wrong)
    case 'divider':
      return
    case 'section': {
      const { fields, text } = block
      if (text === undefined && fields === undefined) return wrong.say('missing required field: text or fields', at)
      if (text !== undefined) textAt(text, 3000, `${at}/text`, wrong)
      if (fields !== undefined)
        for (const [i, field] of wrong.list(fields, 10, `${at}/fields`).entries())
          textAt(field, 2000, `${at}/fields/${i}`, wrong)
      return
    }
    case 'context':
      for (const [i, element] of wrong.list(block['elements'], 10, `${at}/elements`).entries())
        textAt(element, 3000, `${at}/elements/${i}`, wrong)
      return
    case 'actions': {
      const names = new Set<unknown>()
      for (const [i, element] of wrong.list(block['elements'], 25, `${at}/elements`).entries()) {
        buttonAt(element, `${at}/elements/${i}`, wrong)
        const name = isObject(element) ? element['action_id'] : undefined
        if (names.has(name)) wrong.say('`action_id` already exists', `${at}/elements/${i}`)
        names.add(name)
      }
      return
    }
    case 'input': {
      plainAt(block['label'], 2000, `${at}/label`, wrong)
      const { element } = block
      if (!isObject(element) || element['type'] !== 'plain_text_input') return wrong.say('unsupported', `${at}/element`)
      wrong.text(element['action_id'], 255, `${at}/element/action_id`)
      const [min, max] = [element['min_length'] ?? 0, element['max_length'] ?? 3000]
      if (typeof min !== 'number' || typeof max !== 'number' || min < 0 || max > 3000 || min > max)
        wrong.say('min_length and max_length must be from 0 to 3000', `${at}/element`)
      if (surface === 'message') wrong.say('this simulator takes input blocks in windows only', at)
      return
    }
    default:
      wrong.say(`unsupported type: ${String(block['type'])}`, at)
  }
}

function buttonAt(button: unknown, at: string, wrong: Checks): void {
  if (!isObject(button) || button['type'] !== 'button') return wrong.say('this simulator knows buttons only', at)
  const { action_id, confirm, style, text, url, value } = button
  plainAt(text, 75, `${at}/text`, wrong)
  if (action_id !== undefined) wrong.text(action_id, 255, `${at}/action_id`)
  if (value !== undefined) wrong.text(value, 2000, `${at}/value`)
  if (url !== undefined) {
    wrong.text(url, 3000, `${at}/url`)
    if (typeof url === 'string' && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      wrong.say('invalid url', `${at}/url`)
  }
  if (style !== undefined && style !== 'primary' && style !== 'danger') wrong.say('invalid style', `${at}/style`)
  if (confirm === undefined) return
  if (!isObject(confirm)) return wrong.say('must be an object', `${at}/confirm`)
  if (confirm['title'] !== undefined) plainAt(confirm['title'], 100, `${at}/confirm/title`, wrong)
  textAt(confirm['text'], 300, `${at}/confirm/text`, wrong)
  for (const name of ['confirm', 'deny'])
    if (confirm[name] !== undefined) plainAt(confirm[name], 30, `${at}/confirm/${name}`, wrong)
}

function plainAt(text: unknown, max: number, at: string, wrong: Checks): void {
  if (isObject(text) && text['type'] !== 'plain_text') return wrong.say('must be plain_text', `${at}/type`)
  textAt(text, max, at, wrong)
}

function textAt(text: unknown, max: number, at: string, wrong: Checks): void {
  if (!isObject(text)) return wrong.say('missing required field: text', at)
  const { emoji, text: said, type, verbatim } = text
  if (type !== 'plain_text' && type !== 'mrkdwn') wrong.say('must be plain_text or mrkdwn', `${at}/type`)
  if (emoji !== undefined && (type !== 'plain_text' || typeof emoji !== 'boolean')) wrong.say('invalid', `${at}/emoji`)
  if (verbatim !== undefined && (type !== 'mrkdwn' || typeof verbatim !== 'boolean'))
    wrong.say('invalid', `${at}/verbatim`)
  wrong.text(said, max, `${at}/text`)
}

type Checks = ReturnType<typeof checks>
function checks() {
  const all: string[] = []
  const say = (what: string, at: string): void => void all.push(`[ERROR] ${what} [json-pointer:${at}]`)
  return {
    all,
    say,
    text(value: unknown, max: number, at: string, min = 1): void {
      if (typeof value !== 'string') say('must be a string', at)
      else if (value.length < min) say(`must be more than ${min - 1} characters`, at)
      else if (value.length > max) say(`must be less than ${max + 1} characters`, at)
    },
    list(value: unknown, max: number, at: string): readonly unknown[] {
      if (!Array.isArray(value) || value.length === 0) {
        say('must be a list of at least one item', at)
        return []
      }
      if (value.length > max) say(`no more than ${max} items allowed`, at)
      return value
    },
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
