import { evaluate, parse, type AnyNode, type DocumentNode } from '@humanwhocodes/momoa'
import canonicalize from 'canonicalize'
import { Fault } from './fault.ts'
import { err, ok, type Result } from './result.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** RFC 8785 canonical text: the only form that is ever hashed or signed. Throws on what JSON cannot hold. */
export function canonical(value: unknown): string {
  const text = canonicalize(value)
  if (text === undefined) throw new Fault('NOT_JSON', 'a value that JSON cannot hold was about to be hashed')
  return text
}

/** A JSON number as it was written: `0.10` stays `0.10`, and no digit is lost on the way to a Decimal. */
export class Numeral {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}

export type JsonFault = { readonly line: number; readonly column: number; readonly message: string }

/** Deeper nesting than any request of ours; beyond it a parser only burns stack. */
const MAX_DEPTH = 32

/**
 * Parses JSON from outside. Stricter than `JSON.parse`: a repeated key is an error (two readers could take
 * different ones), `__proto__` is an ordinary unknown key, and numbers stay text as `Numeral`.
 */
export function parseJson(source: string): Result<unknown, JsonFault> {
  const deep = depthFault(source)
  if (deep) return err(deep)
  let document: DocumentNode
  try {
    document = parse(source, { mode: 'json', ranges: true })
  } catch (thrown) {
    return err(located(thrown))
  }
  return build(document.body, source)
}

function build(node: AnyNode, source: string): Result<unknown, JsonFault> {
  switch (node.type) {
    case 'Number':
      return ok(new Numeral(source.slice(node.loc.start.offset, node.loc.end.offset)))
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
      for (const member of node.members) {
        const key = member.name.type === 'String' ? member.name.value : member.name.name
        if (key in object) return err({ line: member.loc.start.line, column: member.loc.start.column, message: `the key ${JSON.stringify(key)} appears twice` })
        const value = build(member.value, source)
        if (!value.ok) return value
        object[key] = value.value
      }
      return ok(object)
    }
    default:
      return ok(evaluate(node))
  }
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
      if (++depth > MAX_DEPTH) return { line: source.slice(0, i).split('\n').length, column: i - source.lastIndexOf('\n', i), message: `nested deeper than ${MAX_DEPTH} levels` }
    } else if (c === ']' || c === '}') depth--
  }
  return null
}

function located(thrown: unknown): JsonFault {
  const at = thrown as { line?: unknown; column?: unknown; message?: unknown }
  const message = typeof at.message === 'string' ? at.message.replace(/\s*\(\d+:\d+\)$/, '') : 'not JSON'
  return { line: typeof at.line === 'number' ? at.line : 1, column: typeof at.column === 'number' ? at.column : 1, message }
}
