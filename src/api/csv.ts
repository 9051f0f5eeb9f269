import type * as wire from './wire.ts'

type Cell = string | number | boolean | null
type Column<T> = readonly [name: string, cell: (row: T) => Cell]

export const ORDER_COLUMNS: readonly Column<wire.Order>[] = [
  ['clOrdID', (o) => o.clOrdID],
  ['intentID', (o) => o.intentID],
  ['account', (o) => o.account],
  ['role', (o) => o.role],
  ['symbol', (o) => o.terms.symbol],
  ['side', (o) => o.terms.side],
  ['ordType', (o) => o.terms.ordType],
  ['timeInForce', (o) => o.terms.timeInForce],
  ['orderQty', (o) => o.terms.orderQty],
  ['price', (o) => o.terms.price],
  ['stopPx', (o) => o.terms.stopPx],
  ['ordStatus', (o) => o.ordStatus],
  ['orderID', (o) => o.orderID],
  ['cumQty', (o) => o.cumQty],
  ['leavesQty', (o) => o.leavesQty],
  ['avgPx', (o) => o.avgPx],
  ['text', (o) => o.text],
  ['createdAt', (o) => o.createdAt],
  ['sentAt', (o) => o.sentAt],
  ['updatedAt', (o) => o.updatedAt],
]
export const FILL_COLUMNS: readonly Column<wire.Fill>[] = [
  ['seq', (f) => f.seq],
  ['execID', (f) => f.execID],
  ['clOrdID', (f) => f.clOrdID],
  ['intentID', (f) => f.intentID],
  ['role', (f) => f.role],
  ['symbol', (f) => f.symbol],
  ['side', (f) => f.side],
  ['lastQty', (f) => f.lastQty],
  ['lastPx', (f) => f.lastPx],
  ['settlCurrFxRate', (f) => f.settlCurrFxRate],
  ['commission', (f) => f.commission],
  ['transactTime', (f) => f.transactTime],
  ['live', (f) => f.live],
  ['feeQty', (f) => f.feeQty ?? null],
]

/** RFC 4180, with a header row and CRLF. */
export const csv = <T>(columns: readonly Column<T>[], rows: readonly T[]): string =>
  [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, cell]) => shown(cell(row))))]
    .map((line) => `${line.join(',')}\r\n`)
    .join('')

const NUMBER = /^-?\d+(\.\d+)?$/
/** Spreadsheets run what begins with these as a formula (OWASP ASVS 1.2.10); an apostrophe makes it text again. Numbers may be negative. */
const FORMULA = /^[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]/

function shown(cell: Cell): string {
  if (cell === null) return ''
  const text = String(cell)
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
