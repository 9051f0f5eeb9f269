import { readFileSync } from 'node:fs'
import type { Instrument, Intent, IntentState } from '../../api/wire.ts'
import { fingerprint, orderDigest } from '../../approvals/digest.ts'
import type { Client } from '../client.ts'
import type { Context } from '../context.ts'
import { disputeForm } from '../dispute.ts'
import { Stop } from '../exit.ts'
import { type HandSignal, handSignal } from '../hand-signal.ts'
import {
  FILL_COLUMNS,
  fourEyesInWords,
  grouped,
  harmless,
  INTENT_COLUMNS,
  intentCard,
  ORDER_COLUMNS,
  pairs,
  paint,
  POSITION_COLUMNS,
  requirementInWords,
  storyText,
  table,
  termsInWords,
  when,
  yesesOf,
} from '../print.ts'
import { pageOf } from './pages.ts'
import { inMinutes } from './until.ts'

export type SignalOptions = Omit<HandSignal, 'symbol' | 'side'> & {
  readonly file?: string
  readonly symbol?: string
  readonly side?: string
}

/** Sends one signal, as the assistant would. */
export async function signal(ctx: Context, options: SignalOptions): Promise<void> {
  const client = ctx.client('agent')
  const { outcome, intent } = await client.submit(
    options.file === undefined ? await signalNow(client, options) : readBody(options.file),
  )
  ctx.out.answer(intent, () => intentCard(intent))
  if (outcome === 'repeated') ctx.out.say('This id was sent before; that is its answer.')
}

/** Dated by the gateway's clock, which in a replay is the market's; prices that were not typed are taken from the quote. */
async function signalNow(client: Client, options: SignalOptions): Promise<Record<string, string | null>> {
  const { symbol, side } = options
  if (symbol === undefined || side === undefined)
    throw new Stop('USAGE', 'A signal needs --symbol and --side, or --file with the whole signal as JSON.')
  const { now, marketClock } = await client.status()
  const quoted = options.entry !== undefined && options.stop !== undefined
  const quote = quoted ? null : await client.quote(symbol.toUpperCase())
  const at = new Date(now)
  const newID = `cli-${at.getTime().toString(36)}-${Math.random().toString(36).slice(2, 8)}`
  return handSignal({ ...options, symbol, side, validFor: options.validFor * marketClock.speed }, quote, newID, at)
}

/** The text as it is: reading it as JavaScript numbers and writing it again would round some of them. */
function readBody(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new Stop('USAGE', `${file} cannot be read: ${(error as Error).message}.`)
  }
}

export async function intents(
  ctx: Context,
  options: { state?: string[]; symbol?: string; strategy?: string; limit: number },
): Promise<void> {
  const { limit, state, symbol, strategy } = options
  const items = await pages(limit, (after, size) =>
    ctx.client('anyone').intents({
      ...(state === undefined ? {} : { state }),
      symbol,
      strategy,
      limit: size,
      ...(after === null ? {} : { after }),
    }),
  )
  ctx.out.answer(items, () => table(INTENT_COLUMNS, items, 'Nothing was asked for yet.'))
}

export async function queue(ctx: Context): Promise<void> {
  const { items } = await ctx
    .client('anyone')
    .intents({ state: ['AwaitingApproval'] satisfies IntentState[], limit: 200 })
  ctx.out.answer(items, () => table(INTENT_COLUMNS, items, 'Nothing waits for a decision.'))
}

export async function show(ctx: Context, id: string): Promise<void> {
  const story = await ctx.client('anyone').story(id)
  ctx.out.answer(story, () => storyText(story))
}

/** Shows the order, then says yes to exactly what was shown: its digest goes along. */
export async function approve(
  ctx: Context,
  id: string,
  options: { yes?: boolean; reason?: string; fingerprint?: string },
): Promise<void> {
  const client = ctx.client('person')
  const intent = await client.intent(id)
  if (intent.digest === null) throw notWaiting(intent)
  if (intent.state === 'AwaitingApproval' && intent.requires?.passkey === true)
    throw new Stop(
      'REFUSED',
      `This order asks for ${requirementInWords(intent.requires)}, which the command line cannot give.`,
      {
        code: 'ASSURANCE_TOO_LOW',
        lines: [
          `Say yes on its page: ${pageOf(ctx, client.url, `intents/${encodeURIComponent(id)}`)}`,
          'A no needs no passkey: jax-exec decline',
        ],
      },
    )
  if (options.fingerprint !== undefined && options.fingerprint !== intent.fingerprint)
    throw new Stop(
      'REFUSED',
      `The order has the fingerprint ${intent.fingerprint}, not ${options.fingerprint}: it is not the one you looked at.`,
      { code: 'DIGEST_MISMATCH', lines: [`Look again: jax-exec show ${id}`] },
    )
  if (options.yes !== true) {
    ctx.out.say(intentCard(intent))
    const yes = await ctx.confirm(`\nApprove ${paint('bold', intent.fingerprint ?? '', process.stderr)}?`)
    if (yes === null)
      throw new Stop('USAGE', 'There is no terminal to ask at; add --yes, and --fingerprint to say what was looked at.')
    if (!yes) throw new Stop('FAILED', 'Not approved; nothing was sent.', { code: 'NOT_CONFIRMED' })
  }
  const after = await client.approve(id, intent.digest, options.reason)
  ctx.out.answer(after, () => intentCard(after))
  const { requires, votes, state } = after
  if (state === 'AwaitingApproval' && requires !== null)
    ctx.out.say(`Your yes counts: ${yesesOf(votes)} of ${requires.quorum}. Nothing is sent before the others agree.`)
}

/**
 * Makes the digest again from what the API says of the order, without the gateway's own code for it: what a page shows
 * or a passkey signs can be held against this.
 */
export async function verifyOrder(ctx: Context, id: string, options: { fingerprint?: string }): Promise<void> {
  const client = ctx.client('anyone')
  const intent = await client.intent(id)
  const { ticket } = intent
  if (ticket === null || intent.digest === null) throw notWaiting(intent)
  const { assetClass } = await client.instrument(ticket.terms.symbol)
  const order = orderOf(intent, ticket, assetClass)
  const made = orderDigest(order)
  const mark = fingerprint(made)
  const same = made === intent.digest && mark === intent.fingerprint
  ctx.out.answer(
    {
      intentID: id,
      same,
      digest: made,
      fingerprint: mark,
      gateway: { digest: intent.digest, fingerprint: intent.fingerprint },
      order,
    },
    () =>
      pairs([
        ['order', termsInWords(ticket.terms)],
        ['costs at most', `${grouped(ticket.maxNotional)} ${ticket.currency}`],
        ['what is hashed', JSON.stringify(order)],
        ['digest, made again', made],
        ['digest, as told', intent.digest ?? '—'],
        ['fingerprint', mark],
      ]),
  )
  if (!same)
    throw new Stop(
      'DIFFERS',
      `The gateway calls this order ${intent.fingerprint}; made again from its own fields it is ${mark}.`,
      {
        code: 'DIGEST_MISMATCH',
        lines: ['Approve nothing. Stop trading with "jax-exec halt", and tell whoever runs the gateway.'],
      },
    )
  if (options.fingerprint !== undefined && options.fingerprint !== mark)
    throw new Stop('DIFFERS', `You were shown ${options.fingerprint}, and this order is ${mark}.`, {
      code: 'DIGEST_MISMATCH',
      lines: ['What you looked at is another order, or an older state of this one. Look again before you decide.'],
    })
  ctx.out.say(
    paint('green', 'They are the same. Compare the fingerprint with what your other screens show.', process.stderr),
  )
}
/** The order under the names that are hashed, from the fields of the API alone. */
function orderOf(intent: Intent, ticket: NonNullable<Intent['ticket']>, assetClass: Instrument['assetClass']) {
  const { terms } = ticket
  const { bracket } = terms
  return {
    v: 1,
    order_id: intent.intentID,
    rev: intent.rev,
    account: intent.account,
    env: ticket.environment,
    broker: ticket.broker,
    asset_class: assetClass,
    symbol: terms.symbol,
    side: terms.side.toLowerCase(),
    qty: terms.orderQty,
    type: terms.ordType.toLowerCase(),
    tif: terms.timeInForce.toLowerCase(),
    reduce_only: terms.reduceOnly,
    ...(terms.price !== null && { limit_price: terms.price }),
    ...(terms.stopPx !== null && { stop_price: terms.stopPx }),
    ...(bracket !== null && {
      bracket: {
        stop_price: bracket.stopPx,
        target_price: bracket.targetPx,
        ...(bracket.stopLimitPx !== undefined && { stop_limit_price: bracket.stopLimitPx }),
      },
    }),
    max_notional: ticket.maxNotional,
    currency: ticket.currency,
    ref_price: ticket.refPx,
    ref_ts: ticket.refAt,
    max_drift_bps: ticket.maxDriftBps,
  }
}
const notWaiting = (intent: Intent): Stop =>
  new Stop('REFUSED', `There is no order to approve: the intent is ${intent.state}.`, {
    code: 'NOT_PENDING',
    lines: [intent.summary],
  })

export async function decline(ctx: Context, id: string, options: { reason: string }): Promise<void> {
  const intent = await ctx.client('person').decline(id, options.reason)
  ctx.out.answer(intent, () => intentCard(intent))
}

export async function snooze(
  ctx: Context,
  id: string,
  options: { minutes?: number; until?: string; reason?: string },
): Promise<void> {
  const { minutes, reason } = options
  if (minutes === undefined && options.until === undefined)
    throw new Stop('USAGE', 'Say for how long: --minutes, or --until with a time.')
  const client = ctx.client('person')
  const until = options.until ?? (await inMinutes(client, minutes ?? 0))
  const intent = await client.snooze(id, until, reason)
  ctx.out.answer(intent, () => intentCard(intent))
  ctx.out.say(`Nobody is reminded of it until ${when(until)}. The time to decide runs on.`)
}

export async function reanalyse(ctx: Context, id: string, options: { note: string }): Promise<void> {
  const intent = await ctx.client('person').reanalyse(id, options.note)
  ctx.out.answer(intent, () => intentCard(intent))
  ctx.out.say('The note went to whoever proposed it. The order waits on as it is.')
}

export async function withdraw(
  ctx: Context,
  id: string,
  options: { reason?: string; asAgent?: boolean },
): Promise<void> {
  const intent = await ctx
    .client(options.asAgent === true || ctx.session.read() === null ? 'agent' : 'person')
    .withdraw(id, options.reason)
  ctx.out.answer(intent, () => intentCard(intent))
}

export type ListOptions = {
  readonly open?: boolean
  readonly symbol?: string
  readonly order?: string
  readonly intent?: string
  readonly from?: string
  readonly to?: string
  readonly limit: number
  readonly csv?: boolean
}

export async function orders(ctx: Context, options: ListOptions): Promise<void> {
  const { csv, limit, open, symbol, intent, from, to } = options
  const query = { open, symbol, intent, from, to }
  const client = ctx.client('anyone')
  if (csv) return ctx.out.raw(await client.csv('/v1/orders', { ...query, limit }))
  const items = await pages(limit, (after, size) => client.orders({ ...query, limit: size, after: after ?? undefined }))
  ctx.out.answer(items, () => table(ORDER_COLUMNS, items, open ? 'No order is open.' : 'There are no orders.'))
}

export async function fills(ctx: Context, options: ListOptions): Promise<void> {
  const { csv, limit, symbol, order, intent, from, to } = options
  const query = { symbol, order, intent, from, to }
  const client = ctx.client('anyone')
  if (csv) return ctx.out.raw(await client.csv('/v1/fills', { ...query, limit }))
  const items = await pages(limit, (after, size) => client.fills({ ...query, limit: size, after: after ?? undefined }))
  ctx.out.answer(items, () => table(FILL_COLUMNS, items, 'Nothing was filled yet.'))
}

/** So many fills are looked through for one: requests are about the latest. */
const DISPUTED_MAX = 2_000

/** Prints the request for the review of one fill. */
export async function dispute(ctx: Context, execID: string): Promise<void> {
  const client = ctx.client('anyone')
  const items = await pages(DISPUTED_MAX, (after, size) => client.fills({ limit: size, after: after ?? undefined }))
  const fill = items.find((one) => one.execID === execID)
  if (!fill)
    throw new Stop(
      'NOT_FOUND',
      `None of the last ${DISPUTED_MAX} fills is ${harmless(execID)}. \`jax-exec fills\` lists them.`,
    )
  const [order, tasks] = await Promise.all([client.order(fill.clOrdID), client.tasks()])
  const alert = tasks.find(({ kind, subject }) => kind === 'ODD_FILL' && subject === execID) ?? null
  ctx.out.answer({ fill, order, alert }, () => disputeForm(fill, order, alert))
}

/** The first `limit` items of a list that comes in pages. */
async function pages<T>(
  limit: number,
  page: (
    after: string | null,
    size: number,
  ) => Promise<Awaited<ReturnType<Client['orders']>> | { items: T[]; next: string | null }>,
): Promise<T[]> {
  const items: T[] = []
  let after: string | null = null
  do {
    const got = (await page(after, Math.min(PAGE, limit - items.length))) as { items: T[]; next: string | null }
    items.push(...got.items)
    after = got.next
  } while (after !== null && items.length < limit)
  return items
}
/** The API's own largest page. */
const PAGE = 200

export async function cancel(ctx: Context, clOrdID: string): Promise<void> {
  const order = await ctx.client('person').cancel(clOrdID)
  ctx.out.answer(order, () => table(ORDER_COLUMNS, [order], ''))
  if (order.ordStatus === 'PendingCancel')
    ctx.out.say(
      'The cancel is on its way. The order is gone only when its status says Canceled; a fill may still come first.',
    )
}

/** The command line is the approval: what was typed is what is asked for, and the answer shows it. */
export async function replace(
  ctx: Context,
  clOrdID: string,
  options: { price?: string; qty?: string; reason?: string },
): Promise<void> {
  const { price, qty, reason } = options
  if (price === undefined && qty === undefined) throw new Stop('USAGE', 'Say what to change: --price, --qty or both.')
  const order = await ctx.client('person').replace(clOrdID, {
    ...(qty === undefined ? {} : { order_qty: qty }),
    ...(price === undefined ? {} : { limit_price: price }),
    ...(reason === undefined ? {} : { reason }),
  })
  ctx.out.answer(order, () => table(ORDER_COLUMNS, [order], ''))
  ctx.out.say(
    `${order.clOrdID} is to take the place of ${clOrdID}, which works until its status says Replaced; a fill may still come first.`,
  )
}

export async function positions(ctx: Context): Promise<void> {
  const items = await ctx.client('anyone').positions()
  ctx.out.answer(items, () => table(POSITION_COLUMNS, items, 'Nothing is held.'))
}

const MARGIN = {
  intraday: 'by the rule of 2026, without day trades',
  legacy_pdt: 'by the old rule: the broker counts day trades, and its buying power says what they leave',
  unknown: 'not told by the broker',
} as const

export async function account(ctx: Context): Promise<void> {
  const it = await ctx.client('anyone').account()
  const money = (amount: string): string => `${grouped(amount)} ${it.currency}`
  ctx.out.answer(it, () =>
    pairs([
      [
        'account',
        `${it.account}, ${it.environment === 'paper' ? 'paper money' : 'REAL MONEY'} at ${it.broker}${it.brokerName === null ? '' : ` (${it.brokerName})`}, ${it.status}`,
      ],
      ['equity', money(it.equity)],
      ['cash', money(it.cash)],
      ['buying power', money(it.buyingPower)],
      ['margin', MARGIN[it.marginRegime]],
      ['four-eyes', fourEyesInWords(it.fourEyes)],
      ['as of', when(it.at)],
    ]),
  )
}

export async function quote(ctx: Context, symbol: string): Promise<void> {
  const it = await ctx.client('anyone').quote(symbol.toUpperCase())
  ctx.out.answer(it, () =>
    pairs([
      ['symbol', it.symbol],
      ['bid / ask', `${it.bid} / ${it.ask}`],
      ['last', it.last],
      ['as of', `${when(it.at)}, the market is ${it.sessionOpen ? 'open' : 'closed'}`],
    ]),
  )
}
