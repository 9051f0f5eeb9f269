import type { LiquidationLine, LiquidationStep } from '../../api/wire.ts'
import { grouped, signOf } from '../decimal.ts'
import type { Tone } from '../words.ts'

/** Where each symbol stands: what happens now, or what is waited for. The sentence of the gateway stands beside it. */
export const STEP: Readonly<Record<LiquidationStep, { label: string; tone: Tone }>> = {
  Canceling: { label: 'Canceling', tone: 'accent' },
  InDoubt: { label: 'In doubt', tone: 'bad' },
  Working: { label: 'Closing', tone: 'accent' },
  Reading: { label: 'Reading', tone: 'accent' },
  Unexplained: { label: 'Unexplained', tone: 'warn' },
  WaitsForOpen: { label: 'Waits for the open', tone: 'warn' },
  NotTradable: { label: 'Not tradable', tone: 'bad' },
  NoQuote: { label: 'No fresh quote', tone: 'warn' },
  Rejected: { label: 'Rejected by broker', tone: 'bad' },
  NeedsPerson: { label: 'Needs a person', tone: 'bad' },
  Ready: { label: 'Goes at once', tone: 'accent' },
  Dust: { label: 'Too little to sell', tone: 'plain' },
  Flat: { label: 'Flat', tone: 'good' },
}

/** Nothing more is done about it. */
export const isOver = ({ step }: LiquidationLine): boolean => step === 'Flat' || step === 'Dust'

/** By the broker's count, or by our book while that is not known. */
export const heldQty = ({ netQty, bookQty }: LiquidationLine): string => netQty ?? bookQty

/** "52 AAPL", "12 MSFT short". */
export function heldInWords(line: LiquidationLine): string {
  const qty = heldQty(line)
  return `${grouped(qty.replace('-', ''))} ${line.symbol}${signOf(qty) < 0 ? ' short' : ''}`
}

export const sessionInWords = ({ marketOpen }: LiquidationLine): string =>
  marketOpen === null ? 'unknown' : marketOpen ? 'open' : 'closed'

/** Who may; the gateway decides. */
export const WHO = 'a signed-in person with the role risk or operator'
