import { z } from 'zod'
import type { Proposal } from '../orders/proposal.ts'
import type { TimeInForce } from '../orders/terms.ts'
import { type Px, px, shortest, type Decimal } from '../values/decimal.ts'
import { type Instant, rfc3339 } from '../values/instant.ts'
import type { Forms } from './route.ts'
import { idlePrice, label, newIntentID, oneOf, price, prose, reference, share, size, symbol, time } from './fields.ts'

const REASONING_MAX = 2000

const common = {
  id: newIntentID,
  symbol,
  strategy_id: label('The strategy that had the idea.', 'mean-reversion-v2'),
  reasoning: prose(
    'Why, in words. Shown to the approver as untrusted text; control and directional characters are removed.',
    { min: 0, max: REASONING_MAX },
    'Pullback to the 20-day average in an up-trend.',
  ),
  generated_at: time('When the idea was had.'),
  expires_at: time('Until when it is worth anything; after `generated_at`.', '2026-11-22T15:28:20Z'),
  model: label(
    'The model that had the idea; agents must name it where the account asks for it, as live ones do.',
    'jax-large',
  ).nullish(),
  model_version: label('Its version.', '2026-11-02').nullish(),
  artifact_id: reference('What the idea was computed from: the run of the prompt.', 'run-4711').nullish(),
  artifact_hash: reference('Hash of that artifact.', 'sha256:9f86d081884c7d65').nullish(),
}

/** Jax's signal, as Jax sends it. It has no quantity: the gateway sizes it. */
const signal = z.strictObject({
  ...common,
  signal_type: oneOf(['BUY', 'SELL'], 'What to do.'),
  confidence: share('How sure the assistant is; shown, never trusted'),
  entry_price: price('Where to get in'),
  stop_loss: price('Where the idea is wrong'),
  take_profit: price('Where it has paid').nullish(),
  average_true_range: price(
    'Average true range of the symbol, for strategies that are sized by it; without it that of the last 14 days at the broker',
  ).nullish(),
})

/** The answer "do nothing": recorded, and refused as no order. */
const hold = z.strictObject({
  ...common,
  signal_type: oneOf(['HOLD'], 'Do nothing.'),
  confidence: share('How sure the assistant is; shown, never trusted'),
  entry_price: idlePrice.nullish(),
  stop_loss: idlePrice.nullish(),
  take_profit: idlePrice.nullish(),
})

const TIF: Readonly<Record<string, TimeInForce>> = { day: 'Day', gtc: 'GTC', ioc: 'IOC', fok: 'FOK' }
/** An explicit order. Its quantity must match what the gateway computes. */
const explicit = z.strictObject({
  ...common,
  side: oneOf(['buy', 'sell'], 'What to do.'),
  order_qty: size('How much; must match the size that the gateway computes'),
  ord_type: oneOf(['limit', 'market'], 'How.'),
  limit_price: price('Worst price; with `ord_type` limit').nullish(),
  entry_price: price('What a market order is sized by; with `ord_type` market').nullish(),
  stop_loss: price('Where the idea is wrong'),
  take_profit: price('Where it has paid').nullish(),
  average_true_range: price(
    'Average true range of the symbol, for strategies that are sized by it; without it that of the last 14 days at the broker',
  ).nullish(),
  time_in_force: oneOf(['day', 'gtc', 'ioc', 'fok'], 'How long it rests; `day` when absent.').nullish(),
  confidence: share('How sure the proposer is; shown, never trusted').nullish(),
})

/** The form a body is of: by the fields that only one form has. Null when it has none of them. */
function formOf(body: Readonly<Record<string, unknown>>): 'Signal' | 'Hold' | 'Order' | null {
  if ('signal_type' in body) return body['signal_type'] === 'HOLD' ? 'Hold' : 'Signal'
  return 'side' in body || 'order_qty' in body || 'ord_type' in body ? 'Order' : null
}
const NO_FORM =
  'must be a signal (with signal_type, confidence, entry_price) or an explicit order (with side, order_qty, ord_type)'

type Issue = { readonly path: string; readonly message: string }
type Asked = {
  readonly generated_at?: unknown
  readonly expires_at?: unknown
  readonly ord_type?: unknown
  readonly limit_price?: unknown
  readonly entry_price?: unknown
  readonly model?: unknown
  readonly model_version?: unknown
}

/** What no single field can know. Looks at the raw body, so that it is told together with everything else that is wrong. */
function across(body: Asked): Issue[] {
  const issues: Issue[] = []
  const [generated, expires] = [time('').safeParse(body.generated_at), time('').safeParse(body.expires_at)]
  if (generated.success && expires.success && expires.data <= generated.data)
    issues.push({ path: 'expires_at', message: 'must be after generated_at' })
  const given = (value: unknown): boolean => value !== undefined && value !== null
  if (given(body.model) !== given(body.model_version))
    issues.push(
      given(body.model)
        ? { path: 'model_version', message: 'goes with model: name the version too' }
        : { path: 'model', message: 'goes with model_version: name the model too' },
    )
  if (body.ord_type === 'limit') {
    if (!given(body.limit_price)) issues.push({ path: 'limit_price', message: 'is required with ord_type limit' })
    if (given(body.entry_price))
      issues.push({
        path: 'entry_price',
        message: 'goes with ord_type market only; a limit order enters at limit_price',
      })
  }
  if (body.ord_type === 'market') {
    if (!given(body.entry_price))
      issues.push({ path: 'entry_price', message: 'is required with ord_type market: the order is sized by it' })
    if (given(body.limit_price)) issues.push({ path: 'limit_price', message: 'goes with ord_type limit only' })
  }
  return issues
}

/** The body of `POST /v1/intents`, in its three forms. */
export const INTAKE: Forms<Body> = {
  forms: { Signal: signal, Hold: hold, Order: explicit },
  pick: formOf,
  none: NO_FORM,
  across,
}

/** How signals, which name neither, are sent: by the broker's habits. */
export type SignalTerms = { readonly ordType: Proposal['ordType']; readonly timeInForce: TimeInForce }

export type Body = z.output<typeof signal> | z.output<typeof hold> | z.output<typeof explicit>

/** A checked body as the desk takes it. */
export function proposalOf(body: Body, terms: SignalTerms): Proposal {
  const base = {
    intentID: body.id,
    symbol: body.symbol,
    strategyID: body.strategy_id,
    reasoning: body.reasoning,
    generatedAt: body.generated_at,
    expiresAt: body.expires_at,
    ...(body.model && { model: { name: body.model, version: body.model_version ?? '' } }),
    artifactID: body.artifact_id ?? null,
    artifactHash: body.artifact_hash ?? null,
    confidence: body.confidence ?? null,
    targetPx: body.take_profit ?? null,
    ...('average_true_range' in body && body.average_true_range && { rangePx: body.average_true_range }),
  }
  if ('signal_type' in body) {
    const side = ({ BUY: 'Buy', SELL: 'Sell', HOLD: 'Hold' } as const)[body.signal_type]
    return {
      ...base,
      form: 'Signal',
      side,
      entryPx: body.entry_price ?? NOWHERE,
      stopPx: body.stop_loss ?? NOWHERE,
      orderQty: null,
      ...terms,
    }
  }
  return {
    ...base,
    form: 'Order',
    side: body.side === 'buy' ? 'Buy' : 'Sell',
    entryPx: body.limit_price ?? body.entry_price ?? NOWHERE,
    stopPx: body.stop_loss,
    orderQty: body.order_qty,
    ordType: body.ord_type === 'limit' ? 'Limit' : 'Market',
    timeInForce: TIF[body.time_in_force ?? 'day'] ?? 'Day',
  }
}
/** Of a HOLD that names no price. `across` has made sure that an order names its own. */
const NOWHERE: Px = px('0')

const DECIMALS = new Set(['confidence', 'entry_price', 'stop_loss', 'take_profit', 'order_qty', 'limit_price'])
const TIMES = new Set(['generated_at', 'expires_at'])

/**
 * The body field by field in its shortest exact text, for comparing a repeat with the first: 500.0 and "500.00" are the
 * same number, 15:00Z and 16:00+01:00 the same moment, null and absent the same nothing.
 */
export function bodyOf(body: Body): Record<string, string> {
  const out: Record<string, string> = {}
  for (const [name, value] of Object.entries(body)) {
    if (value === null || value === undefined) continue
    out[name] = DECIMALS.has(name)
      ? shortest(value as Decimal)
      : TIMES.has(name)
        ? rfc3339(value as Instant)
        : String(value)
  }
  if ('side' in body) out['time_in_force'] ??= 'day'
  return out
}
