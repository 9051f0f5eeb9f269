import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KINDS } from './planning.ts'
import { PROMISES } from './promises.ts'
import { filled } from './summary.ts'

const PAGE = join(import.meta.dirname, '../../docs/testing.md')

/** Kind of fault, as planning.ts names it → what it does to a world. */
export const FAULTS: Readonly<Record<string, string>> = {
  'replies to sends':
    'the reply is lost before or after the order was booked, or takes long; the connection breaks; the request arrives twice; the order is booked without a word',
  'sends that arrive late': 'an order is given up as unanswered, and reaches the broker seconds later',
  'a repeat that fares no better': 'the reply to a send is lost, and then the next send is lost or refused too',
  'replies beyond all patience': 'the reply to a send comes after a minute or more, whatever it says',
  'sends that wait too long': 'a send waits for its turn at the broker, until its approval or its lease is over',
  'orders that are refused after all': 'an order is accepted, then refused, and perhaps filled in spite of that',
  'sends that arrive after the proof':
    'an order that the broker did not know, beyond its own time for proof, arrives after all',
  'orders that are listed late': 'the broker has an order, and does not show it for a while',
  'orders that are refused': 'the broker says no to an order',
  'legs that are forgotten': 'a bracket is accepted, and its stop and target are made later or not at all',
  'replies to cancels':
    'a cancel is lost before or after it was done, its connection breaks, it is refused, takes long, or is accepted and not carried out yet',
  'answers that fail': 'a question (account, orders, executions, positions) fails or takes long',
  'crash at a commit': 'the process dies just before or just after something became durable',
  'crash at a send': 'the process dies before the first byte, or after the order was booked and before its reply',
  'crash at a cancel': 'the same with a cancel',
  'crash at a read': 'the same with a question',
  'crash at a report': 'the process dies as a report arrives',
  kill: 'the process dies at any moment, and is started again some seconds later',
  'reports lost, late, twice': 'single reports of the stream',
  'a stormy day': 'the same all day long',
  'trades taken back at once': 'a trade is taken back or put right in the moment it is reported, or before',
  storm: 'for a while reports come late, out of order, twice or not at all',
  'stream lost': 'the stream is cut, the gateway knows, and it comes back later',
  'stream silent': 'the stream is cut, and nobody knows',
  outage: 'the broker cannot be reached, for seconds, and in some worlds for up to twenty-five minutes',
  throttling: 'the broker answers that it was asked too often',
  'slow line': 'everything on the way to the broker and back takes long',
  'halts that overlap':
    'of everything, of a symbol and of a strategy, some of them raised, each released by itself in any order',
  halt: 'a person or an agent halts everything, a symbol or a strategy, so far or further, at any moment or at an instruction, or the HALT file appears; mostly it is released again',
  'approver removed': 'a person who approves is disabled, and perhaps enabled again',
  'approver removed at an instruction': 'the same at the n-th commit, such as between a yes and its send',
  clock: 'the clock of the machine is set forwards or back, or runs too fast or too slow',
  'disk full': 'nothing can be written for some seconds',
  'disk fails': 'an fsync fails: what was written may be there after the restart or not',
  'slow disk': 'a commit takes up to a second and a half',
  'second instance': 'a second process is started on the same data',
  'another account': 'after a restart the keys open another account',
  'market jumps': 'the price jumps by up to two and a half per cent',
  'market shut': 'trading is interrupted',
  'quotes stand still': 'quotes are no longer renewed',
  'account blocked': 'the broker blocks the account for a while',
  'other hands': 'somebody buys, sells, cancels, closes, refuses, replaces or enlarges on the broker’s own page',
  busts: 'a trade is taken back or put right, with or without a word on the stream',
  'wrong fills': 'a fill of an order that has ended, was replaced or refused, or beyond its size',
  'take in': 'a person takes the broker’s count of a position in',
  'a fill after the end': 'an order that rests is canceled, replaced, refused or expires, and trades in spite of that',
  'a yes that cannot be sent':
    'the broker cannot be reached just when a person has said yes, and somebody changes their mind',
  'two limits': 'two or three orders at one moment, which do not all fit into a limit',
  'a fill of a larger size': 'other hands enlarge an order, and it goes on filling when our book has it whole',
  'an order just before the close':
    'an order leaves in the last second of a session, and the first word of it is its end',
  'cancels that arrive late': 'a cancel is given up as unanswered, and reaches the broker seconds later',
  'cancels beyond all patience': 'the reply to a cancel comes after up to a minute and a half, whatever it says',
  'prices that are not told': 'a question about the market (price, rules, hours) fails or takes long',
  'crash at a price': 'the process dies at such a question',
}

/** docs/testing.md with its tables of faults and of promises as the code has them now. */
export function generate(): string {
  const row = (...cells: string[]): string => `| ${cells.join(' | ')} |`
  const faults = Object.keys(KINDS).map((kind) => row(kind, FAULTS[kind] ?? '?'))
  const promises = Object.values(PROMISES).map((told) => {
    const [guarantee = '', ...words] = told.split(': ')
    return row(guarantee, words.join(': '))
  })
  const page = filled(
    readFileSync(PAGE, 'utf8'),
    'faults',
    ['', row('fault', 'what happens'), '|---|---|', ...faults, ''].join('\n'),
  )
  return filled(page, 'oracles', ['', row('', 'what must be so'), '|---|---|', ...promises, ''].join('\n'))
}
