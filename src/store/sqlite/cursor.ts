import { Fault } from '../../values/fault.ts'

/** Where a page ended: the sort key of its last row. Opaque to callers. */
export type Cursor = { readonly at: readonly number[]; readonly key: string }

/** `list` goes into the text, so that the cursor of one list is not taken for one of another. */
export const cursorText = (list: string, { at, key }: Cursor): string =>
  Buffer.from(JSON.stringify([list, ...at, key])).toString('base64url')

/** @throws {Fault} BAD_CURSOR when the text is not one that `list` gave out for rows sorted by `columns` numbers and the key. */
export function parseCursor(list: string, columns: number, text: string): Cursor {
  const [from, ...rest] = partsOf(text)
  const [key, at] = [rest.at(-1), rest.slice(0, -1)]
  if (from === list && at.length === columns && at.every(isWhole) && typeof key === 'string' && key.isWellFormed()) {
    return { at, key }
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
