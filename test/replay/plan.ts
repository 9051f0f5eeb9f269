// Twenty-odd signals placed on four recorded days of AAPL minutes. Entries, stops and targets are taken from the bars
// before each signal; nothing looks ahead.

export type Bar = {
  readonly at: string
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
}

/** What a person does with it, or why it must not come that far. */
export type Fate =
  | { readonly kind: 'approve' }
  | { readonly kind: 'decline' }
  /** Nobody decides. */
  | { readonly kind: 'ignore' }
  /** The gate must refuse it, with this code among the reasons. */
  | { readonly kind: 'refused'; readonly code: string }
  /** The edge must refuse it. */
  | { readonly kind: 'invalid'; readonly status: number }

export type Planned = { readonly at: string; readonly fate: Fate; readonly body: Readonly<Record<string, unknown>> }

export function parseBars(csv: string): Bar[] {
  return csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [at = '', open, high, low, close] = line.split(',')
      return { at, open: Number(open), high: Number(high), low: Number(low), close: Number(close) }
    })
}

const cents = (price: number): string => price.toFixed(2)
/** Looks back half an hour for the range that the idea stands on. */
const LOOK_BACK = 30
const TIMES = ['14:50', '15:30', '16:10', '17:00', '18:15', '19:30'] as const

export function plan(bars: readonly Bar[]): Planned[] {
  const days = [...new Set(bars.map((bar) => bar.at.slice(0, 10)))].slice(0, 4)
  const slots = days.flatMap((day) => TIMES.map((time) => `${day}T${time}:00Z`))
  const good = slots.map((at, n) => idea(bars, at, n)).filter((planned) => planned !== null)
  return [...good, ...bad(bars, days)].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

function idea(bars: readonly Bar[], at: string, n: number): Planned | null {
  const i = bars.findIndex((bar) => bar.at === at)
  const before = bars.slice(i - LOOK_BACK, i)
  const last = before.at(-1)
  if (i < LOOK_BACK || !last) return null
  const [low, high] = [Math.min(...before.map((bar) => bar.low)), Math.max(...before.map((bar) => bar.high))]
  const up = last.close >= (before[0]?.open ?? last.close)
  // Never nearer than fifteen cents: the range of a quiet half hour is inside the noise of the next minute.
  const risk = Math.max(0.15, up ? last.close - low : high - last.close)
  const side = up ? 1 : -1
  const fate: Fate = n % 12 === 5 ? { kind: 'decline' } : n % 8 === 3 ? { kind: 'ignore' } : { kind: 'approve' }
  const entry = last.close + side * 0.03
  return {
    at,
    fate,
    body: signal(`idea-${at}`, at, 20, {
      signal_type: up ? 'BUY' : 'SELL',
      entry_price: cents(entry),
      stop_loss: cents(entry - side * risk),
      take_profit: cents(entry + side * risk * 0.8),
    }),
  }
}

function signal(
  id: string,
  at: string,
  minutes: number,
  rest: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    id,
    symbol: 'AAPL',
    strategy_id: 'half-hour-range',
    confidence: '0.70',
    reasoning: `The half hour before ${at} points this way.`,
    generated_at: at,
    expires_at: new Date(Date.parse(at) + minutes * 60_000).toISOString(),
    ...rest,
  }
}

/** One of each kind of mistake, on the second day at a quarter past each hour. */
function bad(bars: readonly Bar[], days: readonly string[]): Planned[] {
  const day = days[1] ?? ''
  const near = (at: string): number => bars.findLast((bar) => bar.at < at)?.close ?? 0
  const wrong: [
    time: string,
    id: string,
    fate: Fate,
    change: (price: number, at: string) => Record<string, unknown>,
  ][] = [
    ['15:15', 'hold', { kind: 'refused', code: 'SIGNAL_IS_HOLD' }, () => ({ signal_type: 'HOLD' })],
    [
      '15:16',
      'stop-above-entry',
      { kind: 'refused', code: 'STOP_ON_WRONG_SIDE' },
      (p) => ({ stop_loss: cents(p + 1) }),
    ],
    [
      '15:17',
      'target-below-entry',
      { kind: 'refused', code: 'TARGET_ON_WRONG_SIDE' },
      (p) => ({ take_profit: cents(p - 1) }),
    ],
    [
      '15:18',
      'far-away',
      { kind: 'refused', code: 'PRICE_OUTSIDE_COLLAR' },
      (p) => ({ entry_price: cents(p * 1.2), stop_loss: cents(p), take_profit: cents(p * 1.4) }),
    ],
    [
      '15:19',
      'expired',
      { kind: 'refused', code: 'SIGNAL_EXPIRED' },
      (_, at) => ({
        generated_at: new Date(Date.parse(at) - 7_200_000).toISOString(),
        expires_at: new Date(Date.parse(at) - 3_600_000).toISOString(),
      }),
    ],
    ['15:20', 'unknown-symbol', { kind: 'refused', code: 'INSTRUMENT_MISSING' }, () => ({ symbol: 'ZZZZ' })],
    [
      '15:21',
      'no-distance',
      { kind: 'refused', code: 'STOP_ON_WRONG_SIDE' },
      (p) => ({ entry_price: cents(p), stop_loss: cents(p) }),
    ],
    ['15:22', 'no-symbol', { kind: 'invalid', status: 400 }, () => ({ symbol: '<b>AAPL</b>' })],
    ['15:23', 'negative', { kind: 'invalid', status: 400 }, () => ({ entry_price: '-1' })],
    ['15:24', 'twenty-digits', { kind: 'invalid', status: 400 }, () => ({ entry_price: '187.12345678901234567890' })],
    ['15:25', 'night', { kind: 'ignore' }, () => ({})],
  ]
  return wrong.map(([time, id, fate, change]) => {
    const at = `${day}T${time}:00Z`
    const price = near(at)
    const honest = {
      signal_type: 'BUY',
      entry_price: cents(price),
      stop_loss: cents(price - 0.5),
      take_profit: cents(price + 0.75),
    }
    return { at, fate, body: signal(`wrong-${id}`, at, 3, { ...honest, ...change(price, at) }) }
  })
}
