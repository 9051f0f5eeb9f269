import { Fault } from '../../values/fault.ts'

/** Where a page ended: the list it belongs to, and the sort key of its last row. Opaque to callers. */
export type Cursor = { readonly list: string; readonly at: number; readonly then: number; readonly key: string }

export const cursorText = ({ list, at, then, key }: Cursor): string =>
  Buffer.from(JSON.stringify([list, at, then, key])).toString('base64url')

/** @throws {Fault} BAD_CURSOR when the text is not one that `list` gave out. */
export function parseCursor(list: string, text: string): Cursor {
  const parts = partsOf(text)
  const [from, at, then, key] = parts
  if (
    parts.length === 4 &&
    from === list &&
    isWhole(at) &&
    isWhole(then) &&
    typeof key === 'string' &&
    key.isWellFormed()
  ) {
    return { list, at, then, key }
  }
  throw new Fault('BAD_CURSOR', 'the cursor is not one that this list gave out; start again without it')
}

function partsOf(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)

/** @throws {Fault} BAD_LIMIT */
export function checkLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit > 0) return limit
  throw new Fault('BAD_LIMIT', `a page has at least one row, not ${limit}`)
}
