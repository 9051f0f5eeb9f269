import { z } from 'zod'
import { HALT_LEVELS, haltOf, isStopped, ofAll, statesOf, type Stoppable } from '../orders/halt.ts'
import { isOpen, type Order, ordStatus } from '../orders/machine.ts'
import type { Intent, Task } from '../ports/records.ts'
import type { ClOrdID, IntentID } from '../values/brand.ts'
import { text } from '../values/decimal.ts'
import { type Instant, msBetween, rfc3339 } from '../values/instant.ts'
import type { Caller } from './access.ts'
import { answers, denied, json, missing, NOTHING } from './answers.ts'
import type { Api } from './context.ts'
import { csv, FILL_COLUMNS, ORDER_COLUMNS } from './csv.ts'
import { serveEvents } from './events.ts'
import {
  cursor,
  empty,
  flag,
  haltScope,
  id,
  intentID,
  label,
  price,
  prose,
  reason,
  reasonMaybe,
  size,
  someOf,
  symbol,
  time,
  whole,
} from './fields.ts'
import { bodyOf, INTAKE, proposalOf } from './intake.ts'
import { viewAudit, viewFill, viewInstrument, viewPosition, viewQuote, viewRun, viewTask } from './present.ts'
import { fourEyes } from './present-approvals.ts'
import { type Answer, problem } from './problem.ts'
import { type Call, type Documented, type Route, route } from './route.ts'
import { ACCESS } from './routes-access.ts'
import { APPROVALS } from './routes-approvals.ts'
import { DECISIONS } from './routes-decisions.ts'
import { LIMIT_ROUTES } from './routes-limits.ts'
import { LIQUIDATION } from './routes-liquidation.ts'
import { OIDC } from './routes-oidc.ts'
import { stageNow } from '../desk/approving.ts'
import { DRILL_ROUTES } from './routes-drills.ts'
import { STAGE_ROUTES } from './routes-stages.ts'
import { STRATEGY_ROUTES } from './routes-strategies.ts'
import * as schema from './schema.ts'
import { viewEvent } from './sentence.ts'
import type * as wire from './wire.ts'

// The whole API, as a table: what mounts the routes also writes the OpenAPI document and the reference page.

// --- parts that several routes share

const LIMIT = whole('How many at most; 50 when absent.', 1, 200, 50).optional()
const paging = { limit: LIMIT, after: cursor.optional() }
const pageAsk = (query: { limit?: number | undefined; after?: string | undefined }) => ({
  limit: query.limit ?? 50,
  after: query.after ?? null,
})
const span = { from: time('From this moment on.').optional(), to: time('Before this moment.').optional() }

const byIntent = z.strictObject({ id: intentID })
const byOrder = z.strictObject({ clOrdID: id('the ClOrdID of an order', 'jx-sig-1-1') })
const bySymbol = z.strictObject({ symbol })

const intentPage = schema.page('IntentPage', schema.intent)
const orderPage = schema.page('OrderPage', schema.order)
const fillPage = schema.page('FillPage', schema.fill)

const STATES = ['Received', 'AwaitingApproval', 'Approved', 'Refused', 'Declined', 'Lapsed', 'Withdrawn'] as const

// --- intents

const at = (intent: Intent): string => `/v1/intents/${encodeURIComponent(intent.intentID)}`

/** What a proposal is answered, new or repeated: by how far it got. */
async function proposed(api: Api, caller: Caller, received: Intent, fresh: boolean): Promise<Answer> {
  const intent = await api.settled(received)
  const shown = await api.show(intent, await api.seen(caller))
  if (intent.state === 'Refused')
    return problem('GATE_REFUSED', shown.summary, {
      instance: at(intent),
      refusals: shown.refusals,
      headers: { location: at(intent) },
    })
  if (intent.state === 'Received') return json(shown, 202, { location: at(intent), 'retry-after': '1' })
  return json(shown, fresh ? 201 : 200, { location: at(intent) })
}

/** Takes a proposal down, unless too many of this proposer wait for people; null then. A repeat is always answered. */
async function inTurn<T>(api: Api, caller: Caller, id: IntentID, submit: () => Promise<T>): Promise<T | null> {
  const { proposing, reads, limits } = api
  const before = proposing.get(caller.id) ?? 0
  proposing.set(caller.id, before + 1)
  try {
    const waiting = (await reads.waitingIntents()).filter(
      ({ state, proposer }) => proposer.id === caller.id && (state === 'Received' || state === 'AwaitingApproval'),
    )
    // Those that are on their way in count as well: a hundred at once are a hundred.
    if (waiting.length + before >= limits.waitingOfOne && !(await reads.get('intent', id))) return null
    return await submit()
  } finally {
    const left = (proposing.get(caller.id) ?? 1) - 1
    if (left > 0) proposing.set(caller.id, left)
    else proposing.delete(caller.id)
  }
}

const EXAMPLE_SIGNAL = {
  id: 'sig-20261122-0001',
  symbol: 'AAPL',
  strategy_id: 'mean-reversion-v2',
  signal_type: 'BUY',
  confidence: 0.82,
  entry_price: 187.5,
  stop_loss: 184,
  take_profit: 194.5,
  reasoning: 'Pullback to the 20-day average in an up-trend.',
  generated_at: '2026-11-22T15:13:20Z',
  expires_at: '2026-11-22T15:28:20Z',
}
const EXAMPLE_ORDER = {
  id: 'ord-20261122-0001',
  symbol: 'AAPL',
  strategy_id: 'mean-reversion-v2',
  side: 'buy',
  order_qty: '28',
  ord_type: 'limit',
  limit_price: '187.50',
  stop_loss: '184.00',
  take_profit: '194.50',
  time_in_force: 'day',
  reasoning: 'Pullback to the 20-day average in an up-trend.',
  generated_at: '2026-11-22T15:13:20Z',
  expires_at: '2026-11-22T15:28:20Z',
}

const intents: Route[] = [
  route({
    name: 'proposeIntent',
    method: 'POST',
    path: '/v1/intents',
    access: ['intents:write'],
    tag: 'Intents',
    summary: 'Propose a trade',
    description:
      "Jax's signal as it is (no quantity: the gateway sizes it), or an explicit order, whose quantity must match the computed size. The id is the idempotency key: the same id with the same body gets the first answer again, whatever the notation of its numbers and times; with another body it gets 409 and the fields that differ. Nothing is sent to a broker before a person has approved exactly this order.",
    body: INTAKE,
    answers: {
      201: { description: 'Sized and checked; waiting for a person.', schema: schema.intent },
      200: { description: 'A repeat: how far the first one got.', schema: schema.intent },
      202: {
        description: 'Recorded; its facts are still being read. Look at `Location` in a moment.',
        schema: schema.intent,
      },
    },
    problems: ['INTENT_CONFLICT', 'GATE_REFUSED', 'TOO_MANY_WAITING'],
    examples: [
      { title: 'A signal', path: '/v1/intents', body: EXAMPLE_SIGNAL },
      { title: 'An explicit order', path: '/v1/intents', body: EXAMPLE_ORDER },
    ],
    async run(api, { body, caller }) {
      const ask = {
        proposal: proposalOf(body, api.signalTerms),
        body: bodyOf(body),
        actor: caller.actor,
        owner: caller.kind === 'agent' ? caller.owner : null,
        maker: caller.kind === 'agent' ? caller.maker : null,
      }
      const submitted = await inTurn(api, caller, body.id, () => api.desk.submit(ask))
      if (submitted === null)
        return problem(
          'TOO_MANY_WAITING',
          `${api.limits.waitingOfOne} orders of ${caller.name} wait for people already, and more would be clicked away rather than looked at. Wait until some are decided, or withdraw some.`,
          { headers: { 'retry-after': '30' } },
        )
      if (submitted.outcome !== 'conflict')
        return proposed(api, caller, submitted.intent, submitted.outcome === 'received')
      const { intent, fields } = submitted
      const errors = fields.map((name) => ({
        path: `$.${name}`,
        message: `was ${shownField(intent.body[name])} and is ${shownField(ask.body[name])} now`,
      }))
      return problem(
        'INTENT_CONFLICT',
        `${intent.intentID} was proposed before with another ${fields.join(', ')}. Nothing was changed. Use a new id for a new idea.`,
        { instance: at(intent), errors },
      )
    },
  }),
  route({
    name: 'listIntents',
    method: 'GET',
    path: '/v1/intents',
    access: ['approvals:read'],
    tag: 'Intents',
    summary: 'List intents',
    description: 'Newest first. `state=AwaitingApproval` is the queue of what waits for a person.',
    query: z.strictObject({
      state: someOf(STATES, 'Only these states; may be repeated.').optional(),
      symbol: symbol.optional(),
      strategy: label('Only this strategy.', 'mean-reversion-v2').optional(),
      ...paging,
    }),
    answers: answers('A page of intents.', intentPage),
    problems: ['BAD_CURSOR'],
    examples: [{ title: 'The queue', path: '/v1/intents?state=AwaitingApproval' }],
    async run(api, { query, caller }) {
      const page = await api.reads.intents(
        { states: query.state, symbol: query.symbol, strategyID: query.strategy },
        pageAsk(query),
      )
      const seen = await api.seen(caller)
      return json({ items: await Promise.all(page.items.map((intent) => api.show(intent, seen))), next: page.next })
    },
  }),
  route({
    name: 'getIntent',
    method: 'GET',
    path: '/v1/intents/:id',
    access: ['approvals:read'],
    tag: 'Intents',
    summary: 'One intent',
    params: byIntent,
    answers: answers('The intent.', schema.intent),
    examples: [{ title: 'One intent', path: '/v1/intents/sig-20261122-0001' }],
    async run(api, { params, caller }) {
      const intent = await api.reads.get('intent', params.id)
      return intent ? json(await api.show(intent, await api.seen(caller))) : missing('intent', params.id)
    },
  }),
  route({
    name: 'getStory',
    method: 'GET',
    path: '/v1/intents/:id/story',
    access: ['approvals:read'],
    tag: 'Intents',
    summary: 'The whole story of an intent',
    description: 'Everything that happened, from the proposal to the last fill, oldest first.',
    params: byIntent,
    answers: answers('The story.', schema.story),
    examples: [{ title: 'The story', path: '/v1/intents/sig-20261122-0001/story' }],
    async run(api, { params, caller }) {
      const intent = await api.reads.get('intent', params.id)
      if (!intent) return missing('intent', params.id)
      const orders = await api.reads.ordersOf(intent.intentID)
      const [fills, rows, names, seen] = await Promise.all([
        Promise.all(orders.map((order) => api.reads.fillsOf({ clOrdID: order.clOrdID }))),
        api.reads.journalOf(intent.corr),
        api.names(),
        api.seen(caller),
      ])
      const story: wire.Story = {
        corr: intent.corr,
        intent: await api.show(intent, seen),
        orders: await Promise.all(orders.map((order) => api.showOrder(order, caller))),
        fills: fills
          .flat()
          .sort((a, b) => a.seq - b.seq)
          .map(viewFill),
        events: rows.map((row) => viewEvent(row, names, caller.kind === 'person')),
      }
      return json(story)
    },
  }),
]

const shownField = (value: string | undefined): string =>
  value === undefined ? 'absent' : JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)

// --- orders and fills

const wantsCsv = (call: Call<unknown, unknown, unknown>): boolean =>
  /\btext\/csv\b/i.test(call.request.headers.accept ?? '')
/** Rows of a page as CSV; the cursor goes into a header, because CSV has no place for it. */
const asCsv = (name: string, body: string, next: string | null): Answer => ({
  status: 200,
  body,
  type: 'text/csv; charset=utf-8; header=present',
  headers: {
    'content-disposition': `attachment; filename="${name}.csv"`,
    ...(next === null ? {} : { 'x-next': next }),
  },
})
const listed = (description: string, schemaOf: z.ZodType): Record<number, Documented> => ({
  200: {
    description: `${description} With \`Accept: text/csv\` as CSV, the cursor in the header \`X-Next\`.`,
    schema: schemaOf,
  },
})

const orders: Route[] = [
  route({
    name: 'listOrders',
    method: 'GET',
    path: '/v1/orders',
    access: ['orders:read'],
    tag: 'Orders and fills',
    summary: 'List orders',
    description: 'Newest first, open and closed. `from` and `to` are about when the order was made.',
    query: z.strictObject({
      open: flag('Only those that may still trade, or only those that cannot.').optional(),
      symbol: symbol.optional(),
      intent: intentID.optional(),
      ...span,
      ...paging,
    }),
    answers: listed('A page of orders.', orderPage),
    problems: ['BAD_CURSOR'],
    examples: [
      { title: 'Open orders', path: '/v1/orders?open=true' },
      {
        title: 'A day of one symbol',
        path: '/v1/orders?symbol=AAPL&from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z',
      },
    ],
    async run(api, call) {
      const { query, caller } = call
      const page = await api.reads.orders(
        { open: query.open, symbol: query.symbol, intentID: query.intent, from: query.from, to: query.to },
        pageAsk(query),
      )
      const items = await Promise.all(page.items.map((order) => api.showOrder(order, caller)))
      return wantsCsv(call) ? asCsv('orders', csv(ORDER_COLUMNS, items), page.next) : json({ items, next: page.next })
    },
  }),
  route({
    name: 'getOrder',
    method: 'GET',
    path: '/v1/orders/:clOrdID',
    access: ['orders:read'],
    tag: 'Orders and fills',
    summary: 'One order',
    params: byOrder,
    answers: answers('The order.', schema.order),
    async run(api, { params, caller }) {
      const order = await api.reads.get('order', params.clOrdID)
      return order ? json(await api.showOrder(order, caller)) : missing('order', params.clOrdID)
    },
  }),
  route({
    name: 'cancelOrder',
    method: 'POST',
    path: '/v1/orders/:clOrdID/cancel',
    access: ['orders:cancel'],
    tag: 'Orders and fills',
    summary: 'Cancel an order',
    description:
      'Never blocked. The answer says that the cancel is asked for; the order is gone when its ordStatus says so, and fills may come until then. Asking twice is asking once.',
    params: byOrder,
    body: empty,
    answers: answers('The order, `PendingCancel` until the broker confirms.', schema.order),
    problems: ['NOT_OPEN', 'NOT_ELIGIBLE'],
    async run(api, { params, caller }) {
      const result = await api.desk.requestCancel({ clOrdID: params.clOrdID as ClOrdID, actor: caller.actor })
      return result.ok
        ? json(await api.showOrder(result.value, caller))
        : denied(result.error, `/v1/orders/${encodeURIComponent(params.clOrdID)}`)
    },
  }),
  route({
    name: 'replaceOrder',
    method: 'POST',
    path: '/v1/orders/:clOrdID/replace',
    access: ['approvals:decide'],
    tag: 'Orders and fills',
    summary: 'Change the price or size of an open order',
    description:
      'For entries, where the broker can. Asking is approving exactly these terms, so it takes a person who might approve; every check of a new order is made, except of less at the same price. What is not named stays. The answer is the order that is to take its place: the old one works until it reads `Replaced`, and works on when nothing comes of the new one. Asking twice is asking once.',
    params: byOrder,
    body: z.strictObject({
      order_qty: size('How much in all, what is filled included').optional(),
      limit_price: price('Worst price').optional(),
      reason: reasonMaybe,
    }),
    answers: answers('The order that is to take its place.', schema.order),
    problems: ['NOT_OPEN', 'NOT_REPLACEABLE', 'NOT_ELIGIBLE', 'SELF_APPROVAL', 'TRADING_HALTED', 'GATE_REFUSED'],
    async run(api, { params, body, caller }) {
      const result = await api.desk.replace({
        clOrdID: params.clOrdID as ClOrdID,
        orderQty: body.order_qty ?? null,
        price: body.limit_price ?? null,
        reason: body.reason ?? null,
        actor: caller.actor,
      })
      return result.ok
        ? json(await api.showOrder(result.value, caller))
        : denied(result.error, `/v1/orders/${encodeURIComponent(params.clOrdID)}`)
    },
  }),
  route({
    name: 'listFills',
    method: 'GET',
    path: '/v1/fills',
    access: ['orders:read'],
    tag: 'Orders and fills',
    summary: 'List fills',
    description: 'Newest first. One that the broker took back stays, with `live` false.',
    query: z.strictObject({
      symbol: symbol.optional(),
      order: id('the ClOrdID of an order', 'jx-sig-1-1').optional(),
      intent: intentID.optional(),
      ...span,
      ...paging,
    }),
    answers: listed('A page of fills.', fillPage),
    problems: ['BAD_CURSOR'],
    examples: [{ title: 'As CSV', path: '/v1/fills?symbol=AAPL' }],
    async run(api, call) {
      const { query } = call
      const filter = {
        symbol: query.symbol,
        clOrdID: query.order as ClOrdID | undefined,
        intentID: query.intent,
        from: query.from,
        to: query.to,
      }
      const page = await api.reads.fills(filter, pageAsk(query))
      const items = page.items.map(viewFill)
      return wantsCsv(call) ? asCsv('fills', csv(FILL_COLUMNS, items), page.next) : json({ items, next: page.next })
    },
  }),
]

// --- account and market

async function viewAccount(api: Api): Promise<wire.Account | null> {
  const [facts, identity, policy] = await Promise.all([
    api.reads.get('account', api.account),
    api.reads.get('identity', api.account),
    api.policy(),
  ])
  if (!facts) return null
  const a = facts.account
  return {
    account: a.account,
    environment: api.environment,
    broker: api.broker,
    brokerName: identity?.name ?? null,
    currency: a.currency,
    status: a.status,
    equity: text(a.equity),
    cash: text(a.cash),
    buyingPower: text(a.buyingPower),
    marginRegime: a.marginRegime ?? 'unknown',
    at: rfc3339(a.at),
    fourEyes: fourEyes(policy, api.environment, await stageNow(api.reads, api.environment)),
  }
}

/** A quote older than this, in milliseconds, is read again before it is shown. */
const QUOTE_FRESH_MS = 5000

/** What is known about a symbol; asks the worker to read it when nothing is, or only an old quote, and waits a moment. */
async function marketOf(api: Api, of: string) {
  const fresh = (at: Instant | undefined): boolean =>
    at !== undefined && msBetween(at, api.clock.now()) < QUOTE_FRESH_MS * Math.max(1, api.health().speed)
  let market = await api.reads.get('market', of)
  if (market?.instrument && fresh(market.quote?.at)) return market
  await api.desk.requestFacts(of)
  const before = market?.at
  // Facts are no journal rows, so nothing tells of them: looked for ten times in the time an intent would be given.
  for (let i = 0; i < 10 && market?.at === before && !api.closing.aborted; i++) {
    await api.clock.sleep(api.limits.settleMs / 10, api.closing)
    market = await api.reads.get('market', of)
  }
  return market
}

const market: Route[] = [
  route({
    name: 'listPositions',
    method: 'GET',
    path: '/v1/positions',
    access: ['orders:read'],
    tag: 'Account and market',
    summary: 'Positions',
    description:
      'By our own book of executions, with their value at the last quote and how much of each is covered by a resting stop.',
    answers: answers('The positions.', schema.items('PositionList', schema.position)),
    async run(api) {
      const { reads } = api
      const [positions, open, account] = await Promise.all([
        reads.all('position'),
        reads.openOrders(api.account),
        reads.get('account', api.account),
      ])
      const currency = account?.account.currency ?? null
      return json({
        items: await Promise.all(
          positions.map(async (p) => viewPosition(p, await reads.get('market', p.symbol), currency, open)),
        ),
      })
    },
  }),
  route({
    name: 'getAccount',
    method: 'GET',
    path: '/v1/account',
    access: ['orders:read'],
    tag: 'Account and market',
    summary: 'The account',
    answers: answers('As it was last read from the broker.', schema.account),
    async run(api) {
      const account = await viewAccount(api)
      return account
        ? json(account)
        : problem(
            'NOT_FOUND',
            'The account has not been read from the broker yet. Try again in a moment; if it stays, check the connection to the broker.',
          )
    },
  }),
  route({
    name: 'getQuote',
    method: 'GET',
    path: '/v1/quotes/:symbol',
    access: ['orders:read'],
    tag: 'Account and market',
    summary: 'The last quote of a symbol',
    description: 'A slash in the symbol is written `%2F`.',
    params: bySymbol,
    answers: answers('The quote.', schema.quote),
    examples: [{ title: 'A currency pair', path: '/v1/quotes/EUR%2FUSD' }],
    async run(api, { params }) {
      const known = await marketOf(api, params.symbol)
      const quote = known && viewQuote(params.symbol, known)
      return quote
        ? json(quote)
        : problem(
            'NOT_FOUND',
            `The broker has given no quote for ${params.symbol}. Check the spelling, or try again in a moment.`,
          )
    },
  }),
  route({
    name: 'getInstrument',
    method: 'GET',
    path: '/v1/instruments/:symbol',
    access: ['orders:read'],
    tag: 'Account and market',
    summary: "The broker's rules for a symbol",
    params: bySymbol,
    answers: answers('The rules.', schema.instrument),
    async run(api, { params }) {
      const known = await marketOf(api, params.symbol)
      const instrument = known && viewInstrument(known)
      return instrument
        ? json(instrument)
        : problem(
            'NOT_FOUND',
            `The broker has given no rules for ${params.symbol}, or does not know it. Check the spelling.`,
          )
    },
  }),
]

// --- halt

async function viewHalt(api: Api): Promise<wire.Halt> {
  const [rows, open, name, run] = await Promise.all([
    api.reads.all('halt'),
    api.reads.openOrders(api.account),
    api.names(),
    api.reads.get('reconcile', api.account),
  ])
  const halts = statesOf(rows)
  const state = haltOf(halts, ofAll(api.account))
  // Stops and targets stay during a halt: they protect what is held. The halt is about orders that open or enlarge.
  const entries = open.filter((order) => order.role === 'Entry' && isOpen(order))
  const subjects = await Promise.all(entries.map((order) => subjectOf(api, order)))
  const recent = state ? (await api.reads.orders({}, { limit: 200, after: null })).items : []
  const dealt = recent.filter(
    (order) =>
      state &&
      order.role === 'Entry' &&
      !isOpen(order) &&
      order.createdAt <= state.since &&
      order.updatedAt >= state.since,
  )
  return {
    engaged: state !== null,
    level: state && state.level,
    by: state && name(state.by),
    reason: state?.reason ?? null,
    since: state ? rfc3339(state.since) : null,
    openOrders: entries.length,
    proof: state ? [...entries, ...dealt].map(proofOf) : [],
    comparedAt: run && rfc3339(run.at),
    // Each of ours ended by the broker's word; and that there is none that we do not know, the comparison says.
    proven: state !== null && entries.length === 0 && run !== null && run.at >= state.since && run.clean,
    halts: halts.map(({ scope, level, by, reason, since }) => ({
      scope,
      level,
      by: name(by),
      reason,
      since: rfc3339(since),
      open: entries.filter((_, i) => isStopped({ scope }, subjects[i] ?? ofAll(api.account))).map(proofOf),
    })),
  }
}
const proofOf = (order: Order): wire.Halt['proof'][number] => ({
  clOrdID: order.clOrdID,
  symbol: order.terms.symbol,
  ordStatus: ordStatus(order),
})
/** What a halt may be about: the strategy stands in the intent. */
async function subjectOf(api: Api, { account, intentID, terms: { symbol } }: Order): Promise<Stoppable> {
  const intent = await api.reads.get('intent', intentID)
  return { account, symbol, strategyID: intent?.proposal.strategyID ?? null }
}

const level = z.enum(HALT_LEVELS).meta({ description: 'How far it goes.', examples: ['K3'] })

const halts: Route[] = [
  route({
    name: 'getHalt',
    method: 'GET',
    path: '/v1/halt',
    access: ['orders:read', 'kill:engage'],
    tag: 'Halt',
    summary: 'Is trading halted?',
    answers: answers('The halt, engaged or not.', schema.halt),
    async run(api) {
      return json(await viewHalt(api))
    },
  }),
  route({
    name: 'engageHalt',
    method: 'POST',
    path: '/v1/halt',
    access: ['kill:engage'],
    tag: 'Halt',
    summary: 'Halt trading now',
    description:
      'For people and agents. Without a scope it stops everything at K4: no new order leaves from here on, and every order that could open or enlarge a position is canceled. Stops stay. K2 and K3 leave what works at the broker. A symbol or a strategy is stopped at K1, and what waits of it is withdrawn; at K4 its open entries are canceled too. A level that is not for its scope becomes the next that is. It is latched: only people release it.',
    body: z.strictObject({ reason, scope: haltScope.exactOptional(), level: level.exactOptional() }),
    answers: answers('Halted; also when it was before.', schema.halt),
    examples: [
      { title: 'Halt', path: '/v1/halt', body: { reason: 'The feed looks wrong.' } },
      { title: 'Stop one strategy', path: '/v1/halt', body: { reason: 'It repeats itself.', scope: 'strategy:trend' } },
    ],
    async run(api, { body, caller }) {
      const result = await api.desk.halt({ ...body, actor: caller.actor })
      return result.ok || result.error.code === 'ALREADY_HALTED' ? json(await viewHalt(api)) : denied(result.error)
    },
  }),
  route({
    name: 'releaseHalt',
    method: 'DELETE',
    path: '/v1/halt',
    access: ['kill:release'],
    tag: 'Halt',
    summary: 'Release the halt',
    description:
      'For people. Each scope is released by itself; everything is when none is named, and then only after a clean reconciliation since the halt: one is started when there is none. Of a live account it is a change that people agree to: everything that stands against it is said here first, and RELEASE_IS_A_CHANGE when nothing does.',
    body: z.strictObject({ reason, scope: haltScope.exactOptional() }),
    answers: answers('Released.', schema.halt),
    problems: [
      'NOT_HALTED',
      'UNRECONCILED',
      'LIQUIDATING',
      'CLOCK_UNTRUSTED',
      'TRADING_HALTED',
      'NOT_ELIGIBLE',
      'RELEASE_IS_A_CHANGE',
    ],
    async run(api, { body, caller }) {
      const result = await api.desk.release({ ...body, actor: caller.actor })
      return result.ok ? json(await viewHalt(api)) : denied(result.error)
    },
  }),
]

// --- tasks and reconciliation

const openFirst = (a: Task, b: Task): number =>
  Number(a.doneAt !== null) - Number(b.doneAt !== null) || b.raisedAt - a.raisedAt

const upkeep: Route[] = [
  route({
    name: 'listTasks',
    method: 'GET',
    path: '/v1/tasks',
    access: ['orders:read'],
    tag: 'Tasks and reconciliation',
    summary: 'What only a person can settle',
    description: 'Open ones first, then the closed ones, newest first.',
    answers: answers('The tasks.', schema.items('TaskList', schema.task)),
    async run(api) {
      return json({ items: [...(await api.reads.all('task'))].sort(openFirst).map(viewTask) })
    },
  }),
  route({
    name: 'acknowledgeTask',
    method: 'POST',
    path: '/v1/tasks/:id/acknowledge',
    access: ['tasks:acknowledge'],
    tag: 'Tasks and reconciliation',
    summary: 'Say that one has seen an alert',
    description:
      'For people. The task stays open until somebody closes it, but nobody further is told of it, and it stops nothing.',
    params: z.strictObject({ id: id('the id of a task', 'FROZEN:AAPL') }),
    body: empty,
    answers: answers('Seen; also when somebody had said so before.', schema.task),
    problems: ['NOT_ELIGIBLE'],
    async run(api, { params, caller }) {
      const result = await api.desk.acknowledge({ taskID: params.id, actor: caller.actor })
      return result.ok ? json(viewTask(result.value)) : denied(result.error)
    },
  }),
  route({
    name: 'closeTask',
    method: 'POST',
    path: '/v1/tasks/:id/close',
    access: ['tasks:close'],
    tag: 'Tasks and reconciliation',
    summary: 'Close a task',
    params: z.strictObject({ id: id('the id of a task', 'FROZEN:AAPL') }),
    body: z.strictObject({
      note: prose(
        'What was found and done; kept in the journal.',
        { min: 1, max: 1000 },
        'The broker split the shares; confirmed on the phone.',
      ),
    }),
    answers: answers('Closed; also when it was before.', schema.task),
    problems: ['NOT_ELIGIBLE'],
    async run(api, { params, body, caller }) {
      const result = await api.desk.closeTask({ taskID: params.id, note: body.note, actor: caller.actor })
      return result.ok ? json(viewTask(result.value)) : denied(result.error)
    },
  }),
  route({
    name: 'takeInPosition',
    method: 'POST',
    path: '/v1/positions/take-in',
    access: ['tasks:close'],
    tag: 'Tasks and reconciliation',
    summary: "Take the broker's count of a position as ours",
    description:
      'For people, when the books differ and the reason is known: a split, a transfer, shares bought elsewhere. Nothing is sent to the broker. The symbol trades again when the books agree and its task is closed.',
    body: z.strictObject({
      symbol,
      reason: prose('Why they differ; kept in the journal.', { min: 1, max: 1000 }, 'A split of two for one.'),
      price: price('What a unit is booked at; the last quote when left out').optional(),
    }),
    answers: { 204: { description: 'Taken in; a comparison follows.', schema: null } },
    examples: [
      {
        title: 'After a split',
        path: '/v1/positions/take-in',
        body: { symbol: 'AAPL', reason: 'A split of two for one.' },
      },
    ],
    problems: ['NOT_ELIGIBLE', 'UNRECONCILED'],
    async run(api, { body, caller }) {
      const { symbol: of, reason: why, price: px = null } = body
      const result = await api.desk.takeIn({ symbol: of, px, reason: why, actor: caller.actor })
      return result.ok ? NOTHING : denied(result.error)
    },
  }),
  route({
    name: 'getReconciliation',
    method: 'GET',
    path: '/v1/reconciliation',
    access: ['orders:read'],
    tag: 'Tasks and reconciliation',
    summary: 'The last comparison with the broker',
    answers: answers('What it found; null before the first.', schema.reconciliation),
    async run(api) {
      const run = await api.reads.get('reconcile', api.account)
      return json(run && viewRun(run))
    },
  }),
  route({
    name: 'startReconciliation',
    method: 'POST',
    path: '/v1/reconciliation',
    access: ['reconcile:run'],
    tag: 'Tasks and reconciliation',
    summary: 'Compare with the broker now',
    body: empty,
    answers: { 202: { description: 'Started; look at the last comparison in a moment.', schema: null } },
    async run(api, { caller }) {
      await api.desk.requestReconcile(caller.actor)
      return { status: 202 }
    },
  }),
]

// --- audit and events

const audit: Route[] = [
  route({
    name: 'getAudit',
    method: 'GET',
    path: '/v1/audit',
    access: ['audit:read'],
    tag: 'Audit and events',
    summary: 'The head of the journal',
    answers: answers('Size, hash and root, to compare with anchors kept elsewhere.', schema.audit),
    async run(api) {
      return json(viewAudit(await api.reads.head(), api.health().checkpoint))
    },
  }),
  route({
    name: 'listJournal',
    method: 'GET',
    path: '/v1/journal',
    access: ['audit:read'],
    tag: 'Audit and events',
    summary: 'Rows of the journal',
    description:
      'Oldest first, from row `from` on. Hashes of credentials are left out here; the export for auditors has every byte.',
    query: z.strictObject({
      from: whole('First row; 0 when absent.', 0, Number.MAX_SAFE_INTEGER, 0).optional(),
      limit: LIMIT,
    }),
    answers: answers('The rows.', schema.items('EventList', schema.event)),
    async run(api, { query, caller }) {
      const [rows, names] = await Promise.all([api.reads.journal(query.from ?? 0, query.limit ?? 50), api.names()])
      return json({ items: rows.map((row) => viewEvent(row, names, caller.kind === 'person')) })
    },
  }),
]

const LAST_ID = /^-?\d{1,15}$/
audit.push(
  route({
    name: 'followEvents',
    method: 'GET',
    path: '/v1/events',
    access: ['orders:read'],
    tag: 'Audit and events',
    summary: 'Follow everything that happens',
    description:
      'Server-sent events: every row of the journal, `id` its number, `event` its action, `data` an Event. The first is `hello` with the number of the last row so far. Reconnect with `Last-Event-ID` (or `after`) to go on without loss or repetition; `after=-1` begins at the first row. A comment every 15 seconds shows that the line is alive.',
    query: z.strictObject({
      after: whole(
        'Number of the last row you have; -1 for none. `Last-Event-ID` wins.',
        -1,
        Number.MAX_SAFE_INTEGER,
        41,
      ).optional(),
    }),
    answers: { 200: { description: 'The stream.', schema: null, type: 'text/event-stream' } },
    problems: ['TOO_MANY_STREAMS'],
    examples: [{ title: 'From the beginning', path: '/v1/events?after=-1' }],
    async run(api, { query, caller, request, reply, stillAllowed }) {
      const last = request.headers['last-event-id']
      const after = typeof last === 'string' && LAST_ID.test(last) ? Number(last) : (query.after ?? null)
      const { streams, streamsOfOne } = api.limits
      const full =
        api.streams.size >= streams
          ? `There are ${streams} event streams open already.`
          : [...api.streams.values()].filter((of) => of === caller.id).length >= streamsOfOne
            ? `${caller.name} has ${streamsOfOne} event streams open already. Close one first.`
            : null
      if (full !== null) return problem('TOO_MANY_STREAMS', full, { headers: { 'retry-after': '5' } })
      reply.hijack()
      const headers = {
        ...reply.getHeaders(),
        'content-type': 'text/event-stream; charset=utf-8',
        'x-accel-buffering': 'no',
      }
      reply.raw.writeHead(200, headers as Record<string, string>)
      const stream = serveEvents(api, reply.raw, { after, caller, stillAllowed })
      api.streams.set(stream, caller.id)
      // The answer has begun, so a fault can only end it; the reader comes back with the id it has.
      await stream
        .catch((fault: unknown) => api.log.error({ fault: String(fault) }, 'an event stream broke'))
        .finally(() => api.streams.delete(stream))
      return null
    },
  }),
)

// --- service

const service: Route[] = [
  route({
    name: 'getStatus',
    method: 'GET',
    path: '/v1/status',
    access: 'signed-in',
    tag: 'Service',
    summary: 'How things stand',
    answers: answers('In one look.', schema.status),
    async run(api, { now }) {
      const { reads } = api
      const [account, halts, waiting, open, tasks, run] = await Promise.all([
        viewAccount(api),
        reads.all('halt'),
        reads.waitingIntents(),
        reads.openOrders(api.account),
        reads.all('task'),
        reads.get('reconcile', api.account),
      ])
      const { notReady, broker, speed } = api.health()
      const status: wire.Status = {
        version: api.version,
        node: api.node,
        startedAt: rfc3339(api.startedAt),
        now: rfc3339(now),
        account,
        halted: haltOf(statesOf(halts), ofAll(api.account)) !== null,
        notReady,
        brokerConnected: broker.connected,
        brokerHeardAt: broker.heardAt && rfc3339(broker.heardAt),
        brokerStream: broker.stream && { up: broker.stream.up, since: rfc3339(broker.stream.since) },
        awaiting: waiting.filter((intent) => intent.state === 'AwaitingApproval').length,
        openOrders: open.filter(isOpen).length,
        tasks: tasks.filter((task) => task.doneAt === null).length,
        alerts: tasks.filter((task) => task.doneAt === null && task.acknowledgedAt === undefined).length,
        reconciliation: run && viewRun(run),
        marketClock: { speed },
      }
      return json(status)
    },
  }),
  route({
    name: 'isAlive',
    method: 'GET',
    path: '/healthz',
    access: 'open',
    tag: 'Service',
    summary: 'Is the process alive?',
    answers: answers('It is.', schema.health),
    async run() {
      return json({ status: 'ok' })
    },
  }),
  route({
    name: 'isReady',
    method: 'GET',
    path: '/readyz',
    access: 'open',
    tag: 'Service',
    summary: 'Can it do its work?',
    description:
      '`degraded` means that it works, and that `because` is worth a look: the broker does not answer, its stream of reports is lost and orders are polled, or a chat where people decide does not work.',
    answers: answers('It can.', schema.readiness),
    problems: ['NOT_READY'],
    async run(api) {
      const { notReady, broker, channels = [] } = api.health()
      if (notReady !== null) return problem('NOT_READY', notReady, { headers: { 'retry-after': '2' } })
      const because = [
        ...(broker.connected ? [] : ['the broker does not answer']),
        ...(broker.stream?.up === false ? ['the stream of reports is lost; orders are polled'] : []),
        ...channels.flatMap(({ channel, text: trouble }) => (trouble === null ? [] : [`${channel}: ${trouble}`])),
      ]
      return json({ status: because.length === 0 ? 'ok' : 'degraded', because } satisfies wire.Readiness)
    },
  }),
]

/** The table, but for the routes that describe the table itself (`api.ts`). */
export const ROUTES: readonly Route[] = [
  ...intents,
  ...DECISIONS,
  ...APPROVALS,
  ...LIMIT_ROUTES,
  ...STAGE_ROUTES,
  ...DRILL_ROUTES,
  ...STRATEGY_ROUTES,
  ...orders,
  ...market,
  ...halts,
  ...LIQUIDATION,
  ...upkeep,
  ...audit,
  ...ACCESS,
  ...OIDC,
  ...service,
]
