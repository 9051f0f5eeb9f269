import type { Liquidation, LiquidationLine, LiquidationPlan, LiquidationStep } from '../../api/wire.ts'
import { Denied, type World } from './world.ts'

/**
 * An invented liquidation of three symbols: one is closed in two parts, one has no fresh quote until market orders are
 * allowed, one waits for the open and leaves too little to sell.
 */
export type Closing = ReturnType<typeof makeClosing>

type Held = Pick<LiquidationLine, 'symbol' | 'bid' | 'ask' | 'spreadBps' | 'worth' | 'marketOpen'> & {
  readonly qty: number
  readonly step: LiquidationStep
  readonly text: string
  readonly quoteAgeMs: number
  /** How it ends. */
  readonly ends: { readonly closed: number; readonly avgPx: string; readonly why: string | null }
}

const HELD: readonly Held[] = [
  {
    symbol: 'AAPL',
    qty: 52,
    bid: '187.51',
    ask: '187.53',
    spreadBps: '1.1',
    worth: '9750.52',
    marketOpen: true,
    step: 'Ready',
    text: 'Sell 52 AAPL at 181.89 or better.',
    quoteAgeMs: 400,
    ends: { closed: 52, avgPx: '187.44500000', why: null },
  },
  {
    symbol: 'EUR/USD',
    qty: 9000,
    bid: '1.08502',
    ask: '1.08518',
    spreadBps: '1.5',
    worth: '9765.18',
    marketOpen: false,
    step: 'WaitsForOpen',
    text: '9000 EUR/USD waits for the open, 22:05 UTC.',
    quoteAgeMs: 900,
    ends: {
      closed: 8600,
      avgPx: '1.08491000',
      why: '400 EUR/USD are left: less than the broker takes in one order.',
    },
  },
  {
    symbol: 'MSFT',
    qty: -12,
    bid: '409.10',
    ask: '414.70',
    spreadBps: '136.9',
    worth: '4976.40',
    marketOpen: true,
    step: 'NoQuote',
    text: 'The quote is 3 min old; at most 5 s is accepted. Without a fresh quote no limit can be set; orders without one take a person’s yes.',
    quoteAgeMs: 190_000,
    ends: { closed: 12, avgPx: '415.90000000', why: null },
  },
]

type Done = {
  readonly step: LiquidationStep
  readonly text: string
  readonly closed: number
  readonly avgPx: string | null
}

export function makeClosing(world: World, later: (ms: number, then: () => void) => void) {
  const { account, currency } = world.account()
  const iso = (agoMs = 0): string => new Date(Date.now() - agoMs).toISOString()
  const done = new Map<string, Done>()
  let isEmpty = false
  let last: Liquidation = {
    account,
    currency,
    state: 'None',
    liquidationID: null,
    by: null,
    reason: null,
    symbols: null,
    collarBps: null,
    market: false,
    startedAt: null,
    endedAt: null,
    stoppedBy: null,
    stoppedWhy: null,
    lines: [],
    report: null,
  }

  const sign = ({ qty }: Held): number => Math.sign(qty)
  const among = (): readonly Held[] => HELD.filter(({ symbol }) => last.symbols?.includes(symbol) ?? true)

  function line(held: Held, running: boolean): LiquidationLine {
    const { qty, quoteAgeMs, ends: _, ...rest } = held
    const now = running ? done.get(held.symbol) : undefined
    const left = String(qty - sign(held) * (now?.closed ?? 0))
    const open = world.orders().filter((order) => world.isOpen(order) && order.terms.symbol === held.symbol)
    return {
      ...rest,
      netQty: left,
      bookQty: left,
      startQty: running ? String(qty) : '0',
      closedQty: String(now?.closed ?? 0),
      avgPx: now?.avgPx ?? null,
      quoteAt: iso(quoteAgeMs),
      quoteFresh: quoteAgeMs < 5_000,
      cancels: running ? [] : open.map(({ clOrdID, role, terms }) => ({ clOrdID, role, terms })),
      ...(now === undefined ? {} : { step: now.step, text: now.text }),
    }
  }

  /** What happened in one symbol; nothing once it is over. */
  function tell(symbol: string, to: Done): void {
    if (last.state !== 'Running') return
    done.set(symbol, to)
    world.note('liquidation.surveyed', symbol, `The broker holds something else of ${symbol}.`)
  }

  function finish(symbol: string): void {
    const held = HELD.find((one) => one.symbol === symbol)
    if (held === undefined || last.state !== 'Running') return
    const { closed, avgPx, why } = held.ends
    tell(symbol, { step: why === null ? 'Flat' : 'Dust', text: why ?? 'Nothing is held.', closed, avgPx })
    if (!among().every((one) => ['Flat', 'Dust'].includes(done.get(one.symbol)?.step ?? ''))) return
    last = {
      ...last,
      state: 'Flat',
      endedAt: iso(),
      report: among().map((one) => ({
        symbol: one.symbol,
        heldQty: String(one.qty),
        closedQty: String(one.ends.closed),
        avgPx: one.ends.avgPx,
        leftQty: String(one.qty - sign(one) * one.ends.closed),
        why: one.ends.why,
      })),
    }
    isEmpty = last.symbols === null
    world.note('liquidation.flat', symbol, 'The liquidation is over.')
  }

  const view = (): Liquidation => ({
    ...last,
    lines: last.state === 'Running' ? among().map((held) => line(held, true)) : [],
  })

  function start(body: Record<string, unknown>, by: string): Liquidation {
    if (body['account'] !== account)
      throw new Denied(409, 'WRONG_ACCOUNT', 'Another account', `This account is called ${account}. Type exactly that.`)
    const reason = String(body['reason'])
    world.engage(by, `Liquidation: ${reason}`)
    done.clear()
    last = {
      ...last,
      state: 'Running',
      liquidationID: 'liq_7k2m9x4p1q8r',
      by,
      reason,
      symbols: (body['symbols'] as string[] | undefined) ?? null,
      collarBps: 300,
      market: false,
      startedAt: iso(),
      endedAt: null,
      stoppedBy: null,
      stoppedWhy: null,
      report: null,
    }
    world.note('liquidation.started', 'one', `${by} has everything closed: ${reason}`)
    tell('AAPL', {
      step: 'Canceling',
      text: 'jx-sig-0901-stop (Sell 52): canceled first; the broker has not ended it yet.',
      closed: 0,
      avgPx: null,
    })
    later(500, () =>
      tell('AAPL', {
        step: 'Working',
        text: 'jx-sig-0901-x1 (Sell 52 at 181.89, 30 done) works.',
        closed: 30,
        avgPx: '187.45000000',
      }),
    )
    later(3_000, () => finish('AAPL'))
    return view()
  }

  function mustRun(): void {
    if (last.state !== 'Running')
      throw new Denied(409, 'NOT_LIQUIDATING', 'No liquidation runs', 'There is nothing to change.')
  }

  return {
    /** The market opens: what waited for it is closed. */
    open: (): void => finish('EUR/USD'),
    /** @param what as `POST liquidation/market`. */
    route(what: string, body: Record<string, unknown>, by: string): unknown {
      switch (what) {
        case 'GET liquidation':
          return view()
        case 'GET liquidation/plan':
          return {
            account,
            environment: 'paper',
            currency,
            readAt: iso(1_200),
            lines: isEmpty
              ? []
              : HELD.map((held) => line(held, false)).toSorted((a, b) => Number(b.worth) - Number(a.worth)),
          } satisfies LiquidationPlan
        case 'POST liquidation':
          return start(body, by)
        case 'POST liquidation/market':
          mustRun()
          last = { ...last, market: true }
          later(400, () => finish('MSFT'))
          return view()
        case 'DELETE liquidation':
          mustRun()
          last = { ...last, state: 'Stopped', endedAt: iso(), stoppedBy: by, stoppedWhy: String(body['reason']) }
          return view()
        default:
          return undefined
      }
    },
  }
}
