import { appendFileSync, existsSync, openSync, closeSync, readFileSync, truncateSync } from 'node:fs'
import type { Event } from '../../exchange/book.ts'
import type { Amt } from '../../values/decimal.ts'
import { Fault } from '../../values/fault.ts'
import type { Booked, Execution } from './booked.ts'
import type { Deed } from './deed.ts'
import type { Settings } from './json.ts'
import type { Order } from './order.ts'
import type { Stamp } from './wire.ts'

/** The first line of a state file: what the account was begun with. It stays, whatever the simulator is started with later. */
export type Header = { readonly seed: number; readonly initialCash: Amt; readonly createdAt: Stamp }

/** What one request or one look at the market changed, whole or not at all. */
export type Line = {
  /** Names given so far. */
  readonly n: number
  /** The last nanosecond given out. */
  readonly t: string
  readonly events: readonly Event[]
  readonly orders: readonly Order[]
  readonly executions: readonly Execution[]
  readonly booked: readonly Booked[]
  readonly planned: readonly Deed[]
  readonly done: readonly string[]
  readonly settings: Settings | null
}

type Store = { readonly header: Header; readonly lines: readonly Line[]; readonly append: (line: Line) => void }
const forget = (): void => {}

/**
 * The account's memory: JSON lines that are only ever appended, each before its answer leaves. A line that a kill cut
 * short is taken off at the next start; nothing in it was ever answered. Null keeps no memory.
 * @throws {Fault} when a line that is whole cannot be read.
 */
export function openStore(file: string | null, begin: () => Header): Store {
  if (file === null) return { header: begin(), lines: [], append: forget }
  const source = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const whole = source.slice(0, source.lastIndexOf('\n') + 1)
  if (whole.length < source.length) truncateSync(file, Buffer.byteLength(whole))
  const [first, ...rest] = whole.split('\n').filter((line) => line !== '')
  const read = <T>(line: string, i: number): T => {
    try {
      return JSON.parse(line) as T
    } catch (cause) {
      throw new Fault('SIMULATOR_STATE_UNREADABLE', `line ${i + 1} of ${file} is not JSON`, { cause })
    }
  }
  const header = first === undefined ? begin() : read<Header>(first, 0)
  if (first === undefined) {
    closeSync(openSync(file, 'a', 0o600))
    appendFileSync(file, `${JSON.stringify(header)}\n`)
  }
  return {
    header,
    lines: rest.map((line, i) => read<Line>(line, i + 1)),
    append: (line: Line): void => appendFileSync(file, `${JSON.stringify(line)}\n`),
  }
}
