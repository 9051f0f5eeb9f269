import { canonical } from '../values/json.ts'

/** What the verifier needs of a row, or why it cannot have it. */
export type Glance = {
  readonly seq: number
  readonly ts: string
  readonly boot: string
  readonly mono: string
  readonly prev: string
}
export type Misread = { readonly kind: 'DAMAGED' | 'NOT_CANONICAL'; readonly text: string }

/** Nested deeper than any row; beyond it the text is called damaged instead of using up the stack. */
const MAX_DEPTH = 64

/**
 * Reads a stored row and checks that its text is the canonical one (RFC 8785) of the journal's shape. Never throws.
 *
 * A million rows pass through here, so the usual row is scanned once and never becomes an object. What the scan does not know for certain (escapes in keys, fractions, half surrogate pairs) goes the slow way:
 * parse, write again, compare.
 */
export function glance(bytes: string): Glance | Misread {
  return scanRow(bytes) ?? parseRow(bytes)
}

const TS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/
const MONO = /^(?:0|[1-9]\d{0,24})$/
const HASH = /^[0-9a-f]{64}$/

function parseRow(bytes: string): Glance | Misread {
  if (typeof bytes !== 'string') return { kind: 'DAMAGED', text: 'the row is not text' }
  let row: unknown
  try {
    row = JSON.parse(bytes)
  } catch {
    return { kind: 'DAMAGED', text: 'the row is not JSON' }
  }
  const fault = shapeFault(row)
  if (fault !== null) return { kind: 'DAMAGED', text: fault }
  if (!isCanonical(row, bytes)) {
    return { kind: 'NOT_CANONICAL', text: 'the row is not written in its canonical form (RFC 8785)' }
  }
  return row as Glance
}

function isCanonical(value: unknown, bytes: string): boolean {
  try {
    return canonical(value) === bytes
  } catch {
    return false
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  v: (value) => value === 1,
  seq: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  ts: (value) => typeof value === 'string' && TS.test(value),
  boot: (value) => typeof value === 'string',
  mono: (value) => typeof value === 'string' && MONO.test(value),
  prev: (value) => typeof value === 'string' && HASH.test(value),
  action: (value) => typeof value === 'string',
  corr: (value) => typeof value === 'string',
  actor: isObject,
  object: isObject,
  data: isObject,
}
const FIELD_NAMES = new Set(Object.keys(FIELDS))

function shapeFault(row: unknown): string | null {
  if (!isObject(row)) return 'the row is not an object'
  for (const [name, holds] of Object.entries(FIELDS)) {
    if (!Object.hasOwn(row, name) || !holds(row[name])) return `the field ${name} is missing or unreadable`
  }
  const extra = Object.keys(row).find((name) => !FIELD_NAMES.has(name))
  return extra === undefined ? null : `the field ${JSON.stringify(extra.slice(0, 40))} does not belong there`
}

// The fast way. Each function returns where its value ends, or -1 for "let the slow way decide".

const [QUOTE, BACKSLASH, COMMA, COLON, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x30, 0x39]
const [OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [0x5b, 0x5d, 0x7b, 0x7d]

/** A text without escapes, as a regular expression. */
const PLAIN = String.raw`"[^"\\\u0000-\u001f]*"`
/** Everything up to `data`, and everything after it, when nothing in it needs an escape; keys stand in canonical order. */
const HEAD = new RegExp(
  String.raw`\{"action":${PLAIN},"actor":\{"id":${PLAIN},"session":(?:null|${PLAIN}),"type":${PLAIN},"via":${PLAIN}\},"boot":"(${PLAIN.slice(1, -1)})","corr":${PLAIN},"data":`,
  'y',
)
const TAIL = new RegExp(
  String.raw`,"mono":"(?:0|[1-9]\d{0,24})","object":\{"id":${PLAIN},"rev":(?:0|[1-9]\d{0,14}),"type":${PLAIN}\},"prev":"[0-9a-f]{64}","seq":(?:0|[1-9]\d{0,14}),"ts":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z","v":1\}$`,
  'y',
)
const STRING = new RegExp(PLAIN, 'y')
/** From the first character of `ts` to the end of the row. */
const TS_FROM_END = '2026-11-22T15:13:20.000000Z","v":1}'.length

function scanRow(s: string): Glance | null {
  if (typeof s !== 'string' || !s.isWellFormed()) return null
  HEAD.lastIndex = 0
  const head = HEAD.exec(s)
  if (head === null || s.charCodeAt(HEAD.lastIndex) !== OPEN) return null
  const end = scanObject(s, HEAD.lastIndex, 1)
  if (end < 0) return null
  TAIL.lastIndex = end
  if (!TAIL.test(s)) return null
  // The row has the shape that TAIL describes, so its last fields stand at known distances: `seq` is the one of unknown length.
  const ts = s.length - TS_FROM_END
  const seqEnd = ts - ',"ts":"'.length
  const seqStart = s.lastIndexOf(':', seqEnd - 1) + 1
  const prev = seqStart - '","seq":'.length - 64
  const mono = end + ',"mono":"'.length
  return {
    seq: Number(s.slice(seqStart, seqEnd)),
    ts: s.slice(ts, ts + 27),
    boot: head[1] as string,
    mono: s.slice(mono, s.indexOf('"', mono)),
    prev: s.slice(prev, prev + 64),
  }
}

function scanValue(s: string, at: number, depth: number): number {
  switch (s.charCodeAt(at)) {
    case QUOTE:
      return scanString(s, at)
    case OPEN:
      return depth > MAX_DEPTH ? -1 : scanObject(s, at, depth)
    case OPEN_LIST:
      return depth > MAX_DEPTH ? -1 : scanList(s, at, depth)
    case 0x74: // true
      return s.startsWith('true', at) ? at + 4 : -1
    case 0x66: // false
      return s.startsWith('false', at) ? at + 5 : -1
    case 0x6e: // null
      return s.startsWith('null', at) ? at + 4 : -1
    default:
      return scanNumber(s, at)
  }
}

function scanObject(s: string, start: number, depth: number): number {
  let at = start + 1
  if (s.charCodeAt(at) === CLOSE) return at + 1
  let before: string | null = null
  for (;;) {
    if (s.charCodeAt(at) !== QUOTE) return -1
    const end = scanString(s, at)
    if (end < 0) return -1
    const key = s.slice(at + 1, end - 1)
    // Comparing texts compares UTF-16 units, which is the order RFC 8785 asks for; equal means the key appears twice.
    if (key.includes('\\') || (before !== null && !(before < key))) return -1
    before = key
    if (s.charCodeAt(end) !== COLON) return -1
    at = scanValue(s, end + 1, depth + 1)
    if (at < 0) return -1
    const c = s.charCodeAt(at)
    if (c === CLOSE) return at + 1
    if (c !== COMMA) return -1
    at++
  }
}

function scanList(s: string, start: number, depth: number): number {
  let at = start + 1
  if (s.charCodeAt(at) === CLOSE_LIST) return at + 1
  for (;;) {
    at = scanValue(s, at, depth + 1)
    if (at < 0) return -1
    const c = s.charCodeAt(at)
    if (c === CLOSE_LIST) return at + 1
    if (c !== COMMA) return -1
    at++
  }
}

function scanString(s: string, start: number): number {
  STRING.lastIndex = start
  if (STRING.test(s)) return STRING.lastIndex
  if (s.charCodeAt(start) !== QUOTE) return -1
  for (let at = start + 1; at < s.length; at++) {
    const c = s.charCodeAt(at)
    if (c === QUOTE) return at + 1
    if (c < 0x20) return -1
    if (c === BACKSLASH) {
      const length = escapeLength(s, at)
      if (length === 0) return -1
      at += length - 1
    }
  }
  return -1
}

/** Length of the escape at `at` when it is the one RFC 8785 prescribes for its character, else 0. */
function escapeLength(s: string, at: number): number {
  if ('"\\bfnrt'.includes(s.charAt(at + 1)) && at + 1 < s.length) return 2
  // Control characters without a short form: 00–1f but not 08, 09, 0a, 0c, 0d.
  return /^\\u00(?:0[0-7be-f]|1[0-9a-f])$/.test(s.slice(at, at + 6)) ? 6 : 0
}

/** Whole numbers of up to 15 digits are their own shortest form. Others are compared with what JavaScript would write. */
function scanNumber(s: string, start: number): number {
  let at = start
  if (s.charCodeAt(at) === MINUS) at++
  const first = at
  while (isDigit(s.charCodeAt(at))) at++
  const next = s.charAt(at)
  if (next !== '.' && next !== 'e' && next !== 'E') {
    const digits = at - first
    if (digits === 0 || digits > 15) return -1
    if (s.charCodeAt(first) === ZERO && (digits > 1 || first > start)) return -1
    return at
  }
  while (/[0-9.eE+-]/.test(s.charAt(at))) at++
  const written = s.slice(start, at)
  const value = Number(written)
  return Number.isFinite(value) && String(value) === written ? at : -1
}
const isDigit = (c: number): boolean => c >= ZERO && c <= NINE
