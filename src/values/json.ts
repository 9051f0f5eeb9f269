import { type AnyNode, type DocumentNode, evaluate, parse, type StringNode } from '@humanwhocodes/momoa'
import canonicalize from 'canonicalize'
import { Fault } from './fault.ts'
import { err, ok, type Result } from './result.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * RFC 8785 canonical text: the only form that is ever hashed or signed.
 *
 * @throws {Fault} `NOT_JSON` on what JSON cannot hold: NaN, a bigint, half of a surrogate pair, nothing at all.
 */
export function canonical(value: unknown): string {
  let text: string | undefined
  try {
    text = canonicalize(value)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Fault('NOT_JSON', `a value that JSON cannot hold was about to be hashed: ${why}`, { cause })
  }
  if (text === undefined) throw new Fault('NOT_JSON', 'nothing was about to be hashed')
  return text
}

/** A JSON number as it was written: `0.10` stays `0.10`, and no digit is lost on the way to a Decimal. */
export class Numeral {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}

/** Lines and columns count from 1, columns in UTF-16 units as editors do. */
export type JsonFault = { readonly line: number; readonly column: number; readonly message: string }

/** Deeper nesting than any request of ours; beyond it a parser only burns stack. */
const MAX_DEPTH = 32

/**
 * Parses JSON from outside (RFC 8259), never throws. Stricter than `JSON.parse`: a repeated key is an error (two readers
 * could take different ones), so is half of a surrogate pair (it cannot be hashed); `__proto__` is an ordinary unknown
 * key, and numbers stay text as `Numeral`. Objects have no prototype.
 */
export function parseJson(source: string): Result<unknown, JsonFault> {
  const deep = depthFault(source)
  if (deep) return err(deep)
  let document: DocumentNode
  try {
    document = parse(source, { mode: 'json', ranges: true })
  } catch (thrown) {
    return err(located(thrown, source))
  }
  return build(document.body, source)
}

function build(node: AnyNode, source: string): Result<unknown, JsonFault> {
  switch (node.type) {
    case 'Number':
      return ok(new Numeral(source.slice(node.loc.start.offset, node.loc.end.offset)))
    case 'String':
      return string(node, source)
    case 'Array': {
      const items: unknown[] = []
      for (const element of node.elements) {
        const item = build(element.value, source)
        if (!item.ok) return item
        items.push(item.value)
      }
      return ok(items)
    }
    case 'Object': {
      const object: Record<string, unknown> = Object.create(null)
      for (const { name, value, loc } of node.members) {
        const key = name.type === 'String' ? string(name, source) : ok(name.name)
        if (!key.ok) return key
        if (key.value in object) return err(at(source, loc.start.offset, `the key ${quoted(key.value)} appears twice`))
        const built = build(value, source)
        if (!built.ok) return built
        object[key.value] = built.value
      }
      return ok(object)
    }
    default:
      return ok(evaluate(node))
  }
}

/** The parser takes raw control characters, which JSON does not have, and half pairs, which no hash of ours can hold. */
function string(node: StringNode, source: string): Result<string, JsonFault> {
  const { start, end } = node.loc
  const control = source.slice(start.offset, end.offset).search(/[\u0000-\u001f]/)
  if (control >= 0) return err(at(source, start.offset + control, 'a raw control character; write it as an escape'))
  if (!node.value.isWellFormed()) return err(at(source, start.offset, 'half of a surrogate pair in a string'))
  return ok(node.value)
}

function depthFault(source: string): JsonFault | null {
  let depth = 0
  let inString = false
  for (let i = 0; i < source.length; i++) {
    const c = source[i]
    if (inString) {
      if (c === '\\') i++
      else if (c === '"') inString = false
    } else if (c === '"') inString = true
    else if (c === '[' || c === '{') {
      if (++depth > MAX_DEPTH) return at(source, i, `nested deeper than ${MAX_DEPTH} levels`)
    } else if (c === ']' || c === '}') depth--
  }
  return null
}

function at(source: string, offset: number, message: string): JsonFault {
  const lines = source.slice(0, offset).split(/\r\n|\r|\n/)
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1, message }
}

/** Enough of a key to find it by. */
const quoted = (key: string): string => JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key)

const SIGNS: Readonly<Record<string, string>> = {
  LBrace: '{',
  RBrace: '}',
  LBracket: '[',
  RBracket: ']',
  Colon: ':',
  Comma: ',',
}

const codePoint = (c: string): string => `U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

/** The parser's own words, with signs instead of its names for them, and nothing invisible. */
function located(thrown: unknown, source: string): JsonFault {
  const { line, column, message } = thrown as { line?: unknown; column?: unknown; message?: unknown }
  const words = (typeof message === 'string' ? message : 'not JSON')
    .replace(/\s*\(\d+:\d+\)$/, '')
    .replace(/token (\w+) found/, (whole, name: string) => (SIGNS[name] ? `'${SIGNS[name]}' found` : whole))
    .replace(/character '([^\x20-\x7e])' found/u, (_, c: string) => `character ${codePoint(c)} found`)
  if (/end of input|U\+FFFF/.test(words)) return at(source, source.length, 'Unexpected end of input found.')
  return { line: typeof line === 'number' ? line : 1, column: typeof column === 'number' ? column : 1, message: words }
}
