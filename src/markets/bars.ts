import { dec, type Decimal, gt, lt, parseDecimal, type Px, sign } from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import { type Instant, parseInstant } from '../values/instant.ts'

/** What one minute traded. */
export type Bar = {
  readonly at: Instant
  readonly open: Px
  readonly high: Px
  readonly low: Px
  readonly close: Px
  /** Whole shares or units. */
  readonly volume: Decimal
}

const COLUMNS = ['date', 'open', 'high', 'low', 'close', 'volume']

/**
 * Reads bars from CSV with the columns date (RFC 3339, the minute's start), open, high, low, close, volume, oldest first.
 * @param name how errors call the text, usually the file's name.
 * @throws {Fault} `BAD_BARS` with name and line of the first thing that is wrong.
 */
export function parseBars(name: string, csv: string): Bar[] {
  const lines = csv.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  const fail = (line: number, what: string): never => {
    throw new Fault('BAD_BARS', `${name}:${line}: ${what}`)
  }
  if (lines[0] !== COLUMNS.join(',')) fail(1, `the first line must be "${COLUMNS.join(',')}"`)
  const bars: Bar[] = []
  lines.slice(1).forEach((line, i) => {
    const no = i + 2
    const cells = line.split(',')
    if (cells.length !== COLUMNS.length) fail(no, `${cells.length} columns instead of ${COLUMNS.length}`)
    const [date = '', ...numbers] = cells
    const at = parseInstant(date) ?? fail(no, `date "${date}" is not RFC 3339 such as 2024-01-02T14:30:00Z`)
    const [open, high, low, close, volume] = numbers.map((cell, k) => number(cell, COLUMNS[k + 1] ?? '', no, fail)) as [
      Px,
      Px,
      Px,
      Px,
      Decimal,
    ]
    for (const [word, price] of Object.entries({ open, high, low, close }))
      if (sign(price) <= 0) fail(no, `${word} must be above zero`)
    for (const [word, price] of Object.entries({ open, close, low }))
      if (gt(price, high)) fail(no, `${word} is above high`)
    for (const [word, price] of Object.entries({ open, close })) if (lt(price, low)) fail(no, `${word} is below low`)
    if (sign(volume) < 0) fail(no, 'volume must not be below zero')
    const last = bars.at(-1)
    if (last && at <= last.at) fail(no, `${date} does not come after the line before`)
    bars.push({ at, open, high, low, close, volume })
  })
  if (bars.length === 0) fail(2, 'there is no bar')
  return bars
}

function number(cell: string, column: string, line: number, fail: (line: number, what: string) => never): Decimal {
  const parsed = parseDecimal(cell)
  return parsed.ok ? dec(cell) : fail(line, `${column} ${JSON.stringify(cell)} ${parsed.error}`)
}
