import { createHash } from 'node:crypto'
import type {
  Account,
  CheckLine,
  Event,
  Fill,
  Halt,
  HaltLevel,
  Instrument,
  Intent,
  Order,
  OrdStatus,
  Position,
  Problem,
  Quote,
  Refusal,
  Role,
  Story,
  Task,
  Terms,
} from '../../api/wire.ts'
import { HEADROOM } from './limits.ts'

/**
 * A gateway that exists on screens alone: shapes of the wire, a few orders in every state, and just enough behaviour to
 * try a page against. Its numbers are made up; it checks nothing and sends nothing.
 */
export type World = ReturnType<typeof makeWorld>

export type Ask = {
  id: string
  symbol: 'AAPL' | 'MSFT' | 'EUR/USD'
  side: 'Buy' | 'Sell'
  entry: string
  stop: string
  target: string | null
  qty: string
  notional: string
  risk: string
  rawQty: string
  reasoning: string
  strategy?: string
  ttlMs?: number
  binding?: 'risk' | 'order'
}

const CHECKS: readonly string[] = [
  'Trading is not halted',
  'The account is the paper account it should be',
  'The signal is not older than 10 min',
  'Stop and target are on the right sides of the entry',
  'Prices are on the tick of 0.01',
  'The quote is 420 ms old; at most 5 s',
  'The market is open',
  'Entry is 6 bps from the market; at most 300',
  'The size was computed from risk',
  'Notional is within the limit per order',
  'Position and open orders are within the limit',
  'Buying power covers it, after a reserve of 5 %',
  'No order like it in the last 60 s',
  'The broker takes this order type and time in force',
]

const passed = (): CheckLine[] => CHECKS.map((label, i) => ({ check: `check-${i}`, passed: true, label }))

const YES = { ok: true } as const
const no = (why: string): { ok: false; why: string } => ({ ok: false, why })
const OVER = no('It is decided.')
const ACCOUNT = 'paper:sim:1'
const STATE_AFTER = { approved: 'Approved', declined: 'Declined', withdrawn: 'Withdrawn' } as const

/** Something was refused: shaped as the real gateway shapes it. */
export class Denied extends Error {
  readonly problem: Problem
  constructor(status: number, code: string, title: string, detail: string, refusals?: Refusal[]) {
    super(detail)
    this.problem = {
      type: `https://jax.invalid/problems/${code}`,
      title,
      status,
      code,
      detail,
      ...(refusals ? { refusals } : {}),
    }
  }
}

/**
 * @param clock ms since 1970.
 * @param later runs something after some ms; a test may choose to run it at once.
 */
export function makeWorld(clock: () => number, later: (ms: number, then: () => void) => void) {
  const intents = new Map<string, Intent>()
  const orders = new Map<string, Order>()
  const fills: Fill[] = []
  const events: Event[] = []
  const tasks: Task[] = []
  const listeners = new Set<(event: Event) => void>()
  let halts: Omit<Halt['halts'][number], 'open'>[] = []
  let watched: string[] = []
  let comparedAt: string | null = null
  let wobbles = 0

  const iso = (ms = clock()): string => new Date(ms).toISOString()

  function emit(
    action: string,
    object: { type: string; id: string },
    corr: string,
    text: string,
    actor = 'gateway',
    ms = clock(),
  ): void {
    const type = actor === 'gateway' ? 'system' : actor === 'jax' ? 'agent' : actor === 'sim' ? 'broker' : 'person'
    const event: Event = {
      seq: events.length,
      ts: iso(ms),
      action,
      actor: { type, id: actor, via: type === 'person' ? 'web' : type === 'agent' ? 'http' : 'worker' },
      object: { ...object, rev: 1 },
      corr,
      data: { note: 'A made-up row.' },
      text,
    }
    events.push(event)
    for (const listener of listeners) listener(event)
  }

  const MID: Record<string, number> = { AAPL: 187.52, MSFT: 411.9, 'EUR/USD': 1.0851 }
  function quote(symbol: string): Quote {
    const base = MID[symbol]
    if (base === undefined) throw new Denied(404, 'NOT_FOUND', 'No such symbol', `${symbol} is not traded here.`)
    wobbles++
    const places = symbol === 'EUR/USD' ? 5 : 2
    const mid = base * (1 + 0.0004 * Math.sin(wobbles / 5))
    const half = symbol === 'EUR/USD' ? 0.00005 : 0.01
    const px = (value: number): string => value.toFixed(places)
    return {
      symbol,
      bid: px(mid - half),
      ask: px(mid + half),
      last: px(mid),
      mid: px(mid),
      at: iso(),
      sessionOpen: true,
    }
  }

  const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

  function put(intent: Intent, change: Partial<Intent>): Intent {
    const next = { ...intent, ...change, rev: intent.rev + 1, updatedAt: change.updatedAt ?? iso() }
    intents.set(next.intentID, next)
    return next
  }

  function propose(ask: Ask, agoMs = 0): Intent {
    const at = clock() - agoMs
    const fx = ask.symbol === 'EUR/USD'
    const terms: Terms = {
      symbol: ask.symbol,
      side: ask.side,
      ordType: 'Limit',
      timeInForce: fx ? 'GTC' : 'Day',
      orderQty: ask.qty,
      price: ask.entry,
      stopPx: null,
      bracket: { stopPx: ask.stop, targetPx: ask.target },
      reduceOnly: false,
    }
    const digest = digestOf(`${ask.id}${JSON.stringify(terms)}1`)
    const gap = Math.abs(Number(ask.entry) - Number(ask.stop)).toFixed(fx ? 4 : 2)
    const binding = ask.binding ?? 'risk'
    const intent: Intent = {
      intentID: ask.id,
      account: ACCOUNT,
      state: 'AwaitingApproval',
      form: 'Signal',
      symbol: ask.symbol,
      side: ask.side,
      entryPx: ask.entry,
      stopPx: ask.stop,
      targetPx: ask.target,
      askedQty: null,
      strategyID: ask.strategy ?? 'momentum-breakout',
      model: { name: 'jax-large', version: '2026-11-02' },
      run: { id: 'run-4711', hash: null },
      confidence: '0.72',
      reasoning: ask.reasoning,
      proposer: { type: 'agent', id: 'jax' },
      generatedAt: iso(at - 800),
      expiresAt: iso(at + 600_000),
      rev: 1,
      ticket: {
        terms,
        maxNotional: ask.notional,
        currency: 'USD',
        refPx: ask.entry,
        refAt: iso(at),
        maxDriftBps: 50,
        environment: 'paper',
        broker: 'sim',
      },
      digest,
      fingerprint: `${digest.slice(0, 4)}-${digest.slice(4, 8)}`,
      sizing: {
        currency: 'USD',
        equity: '25000.00',
        riskPerTrade: '0.01',
        riskAmount: '250.00',
        entryPx: ask.entry,
        stopPx: ask.stop,
        riskPerUnit: gap,
        conversionRate: '1',
        riskPerUnitAccount: gap,
        rawQty: ask.rawQty,
        caps: [
          { name: 'order', limit: '10000.00', capQty: binding === 'order' ? ask.qty : '9000' },
          { name: 'position', limit: '20000.00', capQty: '18000' },
          { name: 'stage', limit: '25000.00', capQty: '23000' },
          { name: 'buyingPower', limit: '47500.00', capQty: '43000' },
        ],
        binding,
        lot: '1',
        qty: ask.qty,
        notional: ask.notional,
        riskAtStop: ask.risk,
      },
      headroom: HEADROOM,
      checks: passed(),
      refusals: [],
      decideBy: iso(at + (ask.ttlMs ?? 300_000)),
      escalatedAt: null,
      undecidedMs: null,
      sendBy: null,
      decision: null,
      requires: { level: 'L1', quorum: 1, passkey: false, rules: ['paper'] },
      votes: [],
      asides: [],
      clOrdID: null,
      ordStatus: null,
      corr: `cor_${ask.id}`,
      receivedAt: iso(at),
      updatedAt: iso(at),
      can: {
        approve: YES,
        decline: YES,
        withdraw: no('Only the agent that proposed it can withdraw it.'),
        reprice: YES,
      },
      summary: 'It waits for a person. Nothing was sent.',
    }
    intents.set(ask.id, intent)
    const what = `${ask.side} ${ask.qty} ${ask.symbol}`
    emit('intent.received', { type: 'intent', id: ask.id }, intent.corr, `${what} was proposed.`, 'jax', at)
    emit(
      'intent.ticketed',
      { type: 'intent', id: ask.id },
      intent.corr,
      `${what} was sized and passed all checks.`,
      'gateway',
      at + 38,
    )
    return intent
  }

  function makeOrder(intent: Intent, role: Role, status: OrdStatus, ms: number): Order {
    const terms = intent.ticket?.terms
    if (terms === undefined) throw new Error('no ticket')
    const away: Partial<Terms> =
      role === 'Entry'
        ? {}
        : {
            side: terms.side === 'Buy' ? 'Sell' : 'Buy',
            ordType: role === 'Stop' ? 'Stop' : 'Limit',
            price: role === 'Stop' ? null : intent.targetPx,
            stopPx: role === 'Stop' ? intent.stopPx : null,
            timeInForce: 'GTC',
            bracket: null,
            reduceOnly: true,
          }
    const order: Order = {
      clOrdID: `jx-${intent.intentID}-${role.toLowerCase()}`,
      intentID: intent.intentID,
      account: ACCOUNT,
      role,
      parent: role === 'Entry' ? null : `jx-${intent.intentID}-entry`,
      terms: { ...terms, ...away },
      ordStatus: status,
      delivery: status === 'InDoubt' ? 'InDoubt' : status === 'Rejected' ? 'Rejected' : 'Delivered',
      orderID: status === 'InDoubt' ? null : `sim-${orders.size + 1}`,
      cumQty: '0',
      leavesQty: terms.orderQty,
      avgPx: null,
      text: null,
      corr: intent.corr,
      createdAt: iso(ms),
      sentAt: iso(ms + 4),
      updatedAt: iso(ms + 21),
      replaces: null,
      replacedBy: null,
      can: {
        cancel: status === 'InDoubt' ? no('Whether the broker has it is not known yet.') : YES,
        replace:
          role === 'Entry' && status !== 'InDoubt'
            ? YES
            : no('Only an entry can be changed. Its stop and target follow it.'),
      },
    }
    orders.set(order.clOrdID, order)
    return order
  }

  function setOrder(order: Order, change: Partial<Order>): Order {
    const done = ['Filled', 'Canceled', 'Replaced', 'Rejected', 'Expired'].includes(change.ordStatus ?? order.ordStatus)
    const next = {
      ...order,
      ...change,
      updatedAt: change.updatedAt ?? iso(),
      ...(done ? { can: { cancel: no('It is done.'), replace: no('It is done.') } } : {}),
    }
    orders.set(next.clOrdID, next)
    const intent = intents.get(next.intentID)
    if (next.role === 'Entry' && intent !== undefined)
      put(intent, { ordStatus: next.ordStatus, clOrdID: next.clOrdID, updatedAt: next.updatedAt })
    return next
  }

  function fill(order: Order, qty: string, px: string, ms: number, cumQty: string, status: OrdStatus): Order {
    fills.push({
      seq: fills.length + 1,
      execID: `sim-x${fills.length + 1}`,
      clOrdID: order.clOrdID,
      intentID: order.intentID,
      role: order.role,
      symbol: order.terms.symbol,
      side: order.terms.side,
      lastQty: qty,
      lastPx: px,
      settlCurrFxRate: '1',
      commission: '0.35',
      transactTime: iso(ms),
      live: true,
    })
    const leaves = String(Number(order.terms.orderQty) - Number(cumQty))
    const next = setOrder(order, { cumQty, leavesQty: leaves, avgPx: px, ordStatus: status, updatedAt: iso(ms) })
    emit(
      'execution.reported',
      { type: 'order', id: order.clOrdID },
      order.corr,
      `${qty} ${order.terms.symbol} were ${order.terms.side === 'Buy' ? 'bought' : 'sold'} at ${px}.`,
      'sim',
      ms,
    )
    return next
  }

  const mustHave = (id: string): Intent => {
    const intent = intents.get(id)
    if (intent === undefined) throw new Denied(404, 'NOT_FOUND', 'No such order', `There is no intent ${id}.`)
    return intent
  }
  const mustWait = (intent: Intent): void => {
    if (intent.state !== 'AwaitingApproval')
      throw new Denied(409, 'NOT_PENDING', 'It no longer waits', `It is ${intent.state}; somebody was faster.`)
  }
  const decided = (
    intent: Intent,
    verdict: 'approved' | 'declined' | 'withdrawn',
    by: string,
    reason: string | null,
    at: number,
  ): Intent =>
    put(intent, {
      state: STATE_AFTER[verdict],
      decision: { verdict, by: 'per_1', byName: by, via: 'web', reason, at: iso(at) },
      can: { approve: OVER, decline: OVER, withdraw: OVER, reprice: OVER },
      updatedAt: iso(at),
      summary:
        verdict === 'approved' ? 'Approved; it is on its way to the broker.' : `It was ${verdict}. Nothing was sent.`,
    })

  function approve(id: string, digest: string, by: string, reason: string | null): Intent {
    const intent = mustHave(id)
    mustWait(intent)
    if (halts.some(({ scope }) => isOf(scope, intent.symbol, intent.strategyID)))
      throw new Denied(422, 'REFUSED', 'Refused', 'Our rules refuse this order now.', [
        { code: 'TRADING_HALTED', transient: true, text: 'Trading is halted.', facts: {} },
        { code: 'QUOTE_STALE', transient: true, text: 'The quote is 7.2 s old; at most 5 s is accepted.', facts: {} },
      ])
    if (digest !== intent.digest)
      throw new Denied(
        409,
        'DIGEST_DIFFERS',
        'Another order',
        'What you approved is not what waits now. Look at it again.',
      )
    const next = decided(intent, 'approved', by, reason, clock())
    emit('intent.approved', { type: 'intent', id }, intent.corr, `${by} approved it.`, by)
    later(250, () => {
      let order = makeOrder(next, 'Entry', 'New', clock())
      setOrder(order, {})
      emit('order.send-started', { type: 'order', id: order.clOrdID }, order.corr, 'It is being sent to sim.')
      emit('order.accepted', { type: 'order', id: order.clOrdID }, order.corr, 'sim has it.', 'sim')
      const qty = Number(order.terms.orderQty)
      const part = String(Math.floor(qty / 2))
      later(400, () => {
        order = fill(order, part, order.terms.price ?? '0', clock(), part, 'PartiallyFilled')
      })
      later(900, () => {
        fill(order, String(qty - Number(part)), order.terms.price ?? '0', clock(), String(qty), 'Filled')
        put(mustHave(id), { summary: 'Filled. Its stop and target rest at the broker.' })
        makeOrder(next, 'Stop', 'New', clock())
        makeOrder(next, 'Target', 'New', clock())
        emit(
          'order.created',
          { type: 'order', id: `jx-${id}-stop` },
          order.corr,
          'Stop and target protect the position.',
        )
      })
    })
    return next
  }

  function decline(id: string, reason: string, by: string): Intent {
    const intent = mustHave(id)
    mustWait(intent)
    const next = decided(intent, 'declined', by, reason, clock())
    emit('intent.declined', { type: 'intent', id }, intent.corr, `${by} declined it: ${reason}`, by)
    return next
  }

  function putAside(
    id: string,
    kind: Intent['asides'][number]['kind'],
    text: string,
    until: string | null,
    byName: string,
  ): Intent {
    const intent = mustHave(id)
    mustWait(intent)
    const next = put(intent, { asides: [...intent.asides, { kind, byName, text, until, at: iso() }] })
    emit('intent.put-aside', { type: 'intent', id }, intent.corr, `${byName} put it aside: ${text}`, byName)
    return next
  }

  /** Asks for more than a click, with the yeses that are there. */
  function require(id: string, requires: Intent['requires'], votes: Intent['votes'] = []): Intent {
    const next = put(mustHave(id), { requires, votes })
    emit('intent.voted', { type: 'intent', id }, next.corr, 'It asks for more people.')
    return next
  }

  function instrument(symbol: string): Instrument {
    const fx = symbol.includes('/')
    return {
      symbol,
      name: symbol,
      assetClass: fx ? 'fx' : 'us_equity',
      currency: 'USD',
      ticks: [{ from: '0', tick: fx ? '0.00001' : '0.01' }],
      lot: '1',
      minQty: '1',
      maxQty: null,
      tradable: true,
      shortable: true,
    }
  }

  function reprice(id: string): Intent {
    const intent = mustHave(id)
    mustWait(intent)
    const { ticket } = intent
    if (ticket === null) throw new Denied(409, 'NO_TICKET', 'Not sized yet', 'It is not sized yet.')
    const digest = digestOf(`${intent.digest}again`)
    const refPx = quote(intent.symbol).mid
    const next = put(intent, {
      digest,
      fingerprint: `${digest.slice(0, 4)}-${digest.slice(4, 8)}`,
      ticket: { ...ticket, refPx, refAt: iso() },
      decideBy: iso(clock() + 300_000),
    })
    emit('intent.ticketed', { type: 'intent', id }, intent.corr, 'It was priced anew; the earlier fingerprint is void.')
    return next
  }

  function cancel(id: string, by: string): Order {
    const order = orders.get(id)
    if (order === undefined) throw new Denied(404, 'NOT_FOUND', 'No such order', `There is no order ${id}.`)
    if (!order.can.cancel.ok) throw new Denied(409, 'NOT_OPEN', 'Not open', order.can.cancel.why)
    const next = setOrder(order, { ordStatus: 'PendingCancel' })
    emit('order.cancel-requested', { type: 'order', id }, order.corr, `${by} asked to cancel it.`, by)
    later(300, () => {
      setOrder(next, { ordStatus: 'Canceled', leavesQty: '0' })
      emit('execution.reported', { type: 'order', id }, order.corr, 'sim canceled it.', 'sim')
    })
    return next
  }

  function replace(id: string, to: { limit_price?: string; order_qty?: string }, by: string): Order {
    const order = orders.get(id)
    if (order === undefined) throw new Denied(404, 'NOT_FOUND', 'No such order', `There is no order ${id}.`)
    if (!order.can.replace.ok) throw new Denied(409, 'NOT_REPLACEABLE', 'Not changed', order.can.replace.why)
    const { price, orderQty } = order.terms
    const terms = { ...order.terms, price: to.limit_price ?? price, orderQty: to.order_qty ?? orderQty }
    const clOrdID = `${id}-r1`
    setOrder(order, { ordStatus: 'Replaced', leavesQty: '0', replacedBy: clOrdID })
    const next = setOrder({ ...order, clOrdID, replaces: id }, { terms, leavesQty: terms.orderQty })
    emit('order.replace-requested', { type: 'order', id }, order.corr, `${by} changed it.`, by)
    return next
  }

  const entriesOpen = (): Order[] =>
    [...orders.values()].filter(
      ({ role, ordStatus }) =>
        role === 'Entry' && ['New', 'PartiallyFilled', 'PendingCancel', 'InDoubt'].includes(ordStatus),
    )

  const isNarrow = (scope: string): boolean => /^(symbol|strategy):/.test(scope)
  const isOf = (scope: string, symbol: string, strategyID: string | undefined): boolean =>
    !isNarrow(scope) || scope === `symbol:${symbol}` || scope === `strategy:${strategyID}`
  const openIn = (scope: string): Order[] =>
    entriesOpen().filter(({ intentID, terms }) => isOf(scope, terms.symbol, intents.get(intentID)?.strategyID))

  function engage(by: string, reason: string, scope = 'global', asked?: HaltLevel): Halt {
    const level = isNarrow(scope) ? (asked === 'K4' ? asked : 'K1') : asked === 'K1' ? 'K2' : (asked ?? 'K4')
    const before = halts.find((one) => one.scope === scope)
    if (before !== undefined && before.level >= level) return haltNow()
    halts = [...halts.filter((one) => one !== before), { scope, level, by, reason, since: iso() }]
    const open = openIn(scope)
    watched = open.map(({ clOrdID }) => clOrdID)
    emit('halt.engaged', { type: 'halt', id: scope }, 'halt', `${by} halted ${scope}: ${reason}`, by)
    if (isNarrow(scope))
      for (const intent of intents.values())
        if (intent.state === 'AwaitingApproval' && isOf(scope, intent.symbol, intent.strategyID)) {
          decided(intent, 'withdrawn', by, reason, clock())
          emit('intent.withdrawn', { type: 'intent', id: intent.intentID }, intent.corr, `Halted: ${reason}`, by)
        }
    if (!isNarrow(scope))
      later(900, () => {
        comparedAt = iso()
        emit('account.reconciled', { type: 'account', id: ACCOUNT }, 'reconcile', 'The books agree.', 'sim')
      })
    if (level !== 'K4') return haltNow()
    open.forEach((order, i) =>
      later(500 + 400 * i, () => {
        if (order.ordStatus === 'InDoubt') return
        setOrder(order, { ordStatus: 'Canceled', leavesQty: '0' })
        emit('execution.reported', { type: 'order', id: order.clOrdID }, order.corr, 'sim canceled it.', 'sim')
      }),
    )
    return haltNow()
  }

  const proofOf = (order: Order): Halt['proof'][number] => ({
    clOrdID: order.clOrdID,
    symbol: order.terms.symbol,
    ordStatus: order.ordStatus,
  })
  function haltNow(): Halt {
    const all = halts.find(({ scope }) => !isNarrow(scope))
    const openOrders = entriesOpen().length
    return {
      engaged: all !== undefined,
      level: all?.level ?? null,
      by: all?.by ?? null,
      reason: all?.reason ?? null,
      since: all?.since ?? null,
      openOrders,
      proof: all === undefined ? [] : watched.flatMap((id) => [orders.get(id)].flatMap((o) => (o ? [proofOf(o)] : []))),
      comparedAt,
      proven: all !== undefined && openOrders === 0 && comparedAt !== null && comparedAt >= all.since,
      halts: halts.map((one) => ({ ...one, open: openIn(one.scope).map(proofOf) })),
    }
  }

  function release(by: string, reason: string, scope = 'global'): Halt {
    if (!halts.some((one) => one.scope === scope))
      throw new Denied(409, 'NOT_HALTED', 'Not halted', 'It is not halted.')
    halts = halts.filter((one) => one.scope !== scope)
    emit('halt.released', { type: 'halt', id: scope }, 'halt', `${by} released the halt: ${reason}`, by)
    return haltNow()
  }

  function changeTask(id: string, change: Partial<Task>): Task {
    const at = tasks.findIndex(({ taskID }) => taskID === id)
    const task = tasks[at]
    if (task === undefined) throw new Denied(404, 'NOT_FOUND', 'No such task', `There is no task ${id}.`)
    const next = { ...task, ...change }
    tasks[at] = next
    return next
  }

  function closeTask(id: string, note: string, by: string): Task {
    const task = changeTask(id, { doneAt: iso(), doneBy: by, note })
    emit('task.closed', { type: 'task', id }, task.corr, `${by} closed a task: ${note}`, by)
    return task
  }

  function acknowledge(id: string, by: string): Task {
    const task = changeTask(id, { acknowledgedAt: iso(), acknowledgedBy: by })
    emit('task.acknowledged', { type: 'task', id }, task.corr, `${by} has seen ${id}.`, by)
    return task
  }

  function story(id: string): Story {
    const intent = mustHave(id)
    return {
      corr: intent.corr,
      intent,
      orders: [...orders.values()].filter(({ intentID }) => intentID === id),
      fills: fills.filter(({ intentID }) => intentID === id),
      events: events.filter(({ corr }) => corr === intent.corr),
    }
  }

  const account = (): Account => ({
    account: ACCOUNT,
    environment: 'paper',
    broker: 'sim',
    brokerName: 'simulated',
    currency: 'USD',
    status: 'ACTIVE',
    equity: '25112.40',
    cash: '15301.10',
    buyingPower: '49800.00',
    marginRegime: 'unknown',
    at: iso(clock() - 900),
    fourEyes: 'off',
  })

  const positions = (): Position[] => [
    {
      symbol: 'AAPL',
      netQty: '52',
      avgCost: '186.91',
      realizedPnl: '18.20',
      commission: '1.40',
      unrealizedPnl: '31.72',
      lastPx: '187.52',
      protectedQty: '52',
    },
    {
      symbol: 'MSFT',
      netQty: '-12',
      avgCost: '409.80',
      realizedPnl: '0',
      commission: '0.35',
      unrealizedPnl: '-25.20',
      lastPx: '411.90',
      protectedQty: '6',
    },
    {
      symbol: 'EUR/USD',
      netQty: '9000',
      avgCost: '1.08490',
      realizedPnl: '-4.10',
      commission: '0',
      unrealizedPnl: null,
      lastPx: null,
      protectedQty: '0',
    },
  ]

  /** Orders in every state, as after a morning of trading. */
  function seed(): void {
    const MINUTE = 60_000
    const settle = (intent: Intent, change: Partial<Intent>): Intent =>
      put(intent, { can: { approve: OVER, decline: OVER, withdraw: OVER, reprice: OVER }, ...change })
    emit(
      'gateway.started',
      { type: 'gateway', id: 'one' },
      'start',
      'The gateway started.',
      'gateway',
      clock() - 120 * MINUTE,
    )

    const filledAgo = 64 * MINUTE
    const filled = propose(
      {
        id: 'sig-0901',
        symbol: 'AAPL',
        side: 'Buy',
        entry: '186.90',
        stop: '184.10',
        target: '192.50',
        qty: '52',
        notional: '9718.80',
        risk: '145.60',
        rawQty: '89.28571428',
        reasoning: 'Pullback to the 20-day average on falling volume.',
        binding: 'order',
      },
      filledAgo,
    )
    const t = clock() - filledAgo
    let done = decided(filled, 'approved', 'Ana', 'Fits the plan.', t + 41_000)
    emit('intent.approved', { type: 'intent', id: 'sig-0901' }, filled.corr, 'Ana approved it.', 'Ana', t + 41_000)
    const entry = makeOrder(done, 'Entry', 'New', t + 41_060)
    emit(
      'order.send-started',
      { type: 'order', id: entry.clOrdID },
      filled.corr,
      'It is being sent to sim.',
      'gateway',
      t + 41_064,
    )
    emit('order.accepted', { type: 'order', id: entry.clOrdID }, filled.corr, 'sim has it.', 'sim', t + 41_081)
    const half = fill(entry, '30', '186.90', t + 44_300, '30', 'PartiallyFilled')
    fill(half, '22', '186.92', t + 52_000, '52', 'Filled')
    makeOrder(done, 'Stop', 'New', t + 52_050)
    makeOrder(done, 'Target', 'New', t + 52_051)
    done = put(mustHave('sig-0901'), {
      summary: 'Filled. Its stop and target rest at the broker.',
      updatedAt: iso(t + 52_100),
    })

    const doubt = propose(
      {
        id: 'sig-0907',
        symbol: 'EUR/USD',
        side: 'Buy',
        entry: '1.0849',
        stop: '1.0824',
        target: '1.0899',
        qty: '9000',
        notional: '9764.10',
        risk: '22.50',
        rawQty: '100000',
        reasoning: 'Range low held three times.',
        strategy: 'fx-range',
        binding: 'order',
      },
      9 * MINUTE,
    )
    decided(doubt, 'approved', 'Ana', null, clock() - 8 * MINUTE)
    const asked = makeOrder(mustHave('sig-0907'), 'Entry', 'InDoubt', clock() - 8 * MINUTE + 100)
    setOrder(asked, {})
    emit(
      'order.in-doubt',
      { type: 'order', id: asked.clOrdID },
      doubt.corr,
      'sim did not answer within 10 s. It is being looked up.',
      'gateway',
      clock() - 7 * MINUTE,
    )
    put(mustHave('sig-0907'), {
      summary: 'Asked, no answer yet: unknown, do not resubmit.',
      updatedAt: iso(clock() - 7 * MINUTE),
    })

    const working = propose(
      {
        id: 'sig-0908',
        symbol: 'MSFT',
        side: 'Buy',
        entry: '405.00',
        stop: '399.00',
        target: '420.00',
        qty: '24',
        notional: '9720.00',
        risk: '144.00',
        rawQty: '41.66666666',
        reasoning: 'Gap fill.',
        binding: 'order',
      },
      6 * MINUTE,
    )
    decided(working, 'approved', 'Ben', 'Small and far from the market.', clock() - 5 * MINUTE)
    setOrder(makeOrder(mustHave('sig-0908'), 'Entry', 'New', clock() - 5 * MINUTE), {})
    put(mustHave('sig-0908'), {
      summary: 'It works at the broker; nothing is filled yet.',
      updatedAt: iso(clock() - 5 * MINUTE),
    })

    const refused = propose(
      {
        id: 'sig-0904',
        symbol: 'MSFT',
        side: 'Sell',
        entry: '412.00',
        stop: '409.00',
        target: null,
        qty: '24',
        notional: '9888.00',
        risk: '72.00',
        rawQty: '83',
        reasoning: 'Momentum fades.',
      },
      30 * MINUTE,
    )
    settle(refused, {
      state: 'Refused',
      ticket: null,
      digest: null,
      fingerprint: null,
      decideBy: null,
      sizing: null,
      checks: passed().map((line, i) =>
        i === 3
          ? { ...line, passed: false, label: 'The stop is on the right side of the entry' }
          : i === 7
            ? { ...line, passed: false, label: 'Entry is 341 bps from the market; at most 300' }
            : line,
      ),
      refusals: [
        {
          code: 'STOP_ON_WRONG_SIDE',
          transient: false,
          text: 'The stop 409.00 is below the entry 412.00; a sell needs it above.',
          facts: {},
        },
        {
          code: 'ENTRY_OUTSIDE_COLLAR',
          transient: true,
          text: 'The entry is 341 bps from the market; at most 300 is accepted.',
          facts: {},
        },
      ],
      summary: 'Refused by our rules. Nothing was sent.',
      updatedAt: iso(clock() - 30 * MINUTE + 40),
    })
    emit(
      'intent.refused',
      { type: 'intent', id: 'sig-0904' },
      refused.corr,
      'Sell MSFT was refused for 2 reasons.',
      'gateway',
      clock() - 30 * MINUTE + 40,
    )

    const declined = propose(
      {
        id: 'sig-0905',
        symbol: 'AAPL',
        side: 'Sell',
        entry: '188.00',
        stop: '190.00',
        target: '183.00',
        qty: '53',
        notional: '9964.00',
        risk: '106.00',
        rawQty: '125',
        reasoning: 'Double top.',
        binding: 'order',
      },
      25 * MINUTE,
    )
    decided(declined, 'declined', 'Ben', 'Earnings tonight; no new shorts.', clock() - 24 * MINUTE)
    emit(
      'intent.declined',
      { type: 'intent', id: 'sig-0905' },
      declined.corr,
      'Ben declined it: Earnings tonight; no new shorts.',
      'Ben',
      clock() - 24 * MINUTE,
    )

    const lapsed = propose(
      {
        id: 'sig-0906',
        symbol: 'EUR/USD',
        side: 'Sell',
        entry: '1.0860',
        stop: '1.0885',
        target: '1.0810',
        qty: '9000',
        notional: '9774.00',
        risk: '22.50',
        rawQty: '100000',
        reasoning: 'Resistance.',
        strategy: 'fx-range',
      },
      20 * MINUTE,
    )
    settle(lapsed, {
      state: 'Lapsed',
      decideBy: null,
      summary: 'Nobody decided in time. Nothing was sent.',
      updatedAt: iso(clock() - 15 * MINUTE),
    })
    emit(
      'intent.lapsed',
      { type: 'intent', id: 'sig-0906' },
      lapsed.corr,
      'Nobody decided within 5 min.',
      'gateway',
      clock() - 15 * MINUTE,
    )

    tasks.push(
      {
        taskID: 'task-1',
        kind: 'In doubt',
        subject: 'jx-sig-0907-entry',
        severity: 'critical',
        text: 'sim has not answered for an order in 7 minutes. Look at the broker’s own page whether it is there.',
        corr: doubt.corr,
        raisedAt: iso(clock() - 6 * MINUTE),
        runbook: 'docs/emergency.md#e5-stuck-or-unknown-orders',
        acknowledgedAt: null,
        acknowledgedBy: null,
        escalatedAt: null,
        doneAt: null,
        doneBy: null,
        note: null,
      },
      {
        taskID: 'task-2',
        kind: 'Unprotected',
        subject: 'MSFT',
        severity: 'warning',
        text: 'Half of the MSFT position has no stop at the broker.',
        corr: 'cor_recon',
        raisedAt: iso(clock() - 3 * MINUTE),
        runbook: 'docs/emergency.md#e1-kill',
        acknowledgedAt: null,
        acknowledgedBy: null,
        escalatedAt: null,
        doneAt: null,
        doneBy: null,
        note: null,
      },
    )
    emit(
      'task.raised',
      { type: 'task', id: 'task-1' },
      doubt.corr,
      'A person should look at an order in doubt.',
      'gateway',
      clock() - 6 * MINUTE,
    )
    emit(
      'account.reconciled',
      { type: 'account', id: ACCOUNT },
      'cor_recon',
      'Our book and the broker’s agree.',
      'gateway',
      clock() - 2 * MINUTE,
    )
  }

  return {
    propose,
    approve,
    decline,
    putAside,
    require,
    instrument,
    /** A row about something that is no order. */
    note: (action: string, id: string, text: string) =>
      emit(action, { type: action.split('.')[0] ?? '', id }, id, text, 'Ana'),
    reprice,
    cancel,
    replace,
    engage,
    release,
    acknowledge,
    closeTask,
    story,
    seed,
    quote,
    account,
    positions,
    halt: haltNow,
    intent: mustHave,
    intents: () => [...intents.values()].sort((a, b) => b.updatedAt.localeCompare(a.updatedAt)),
    orders: () => [...orders.values()].sort((a, b) => b.createdAt.localeCompare(a.createdAt)),
    fills: () => fills.toReversed(),
    tasks: () => tasks,
    events: () => events,
    isOpen: ({ ordStatus }: Order) =>
      ['PendingNew', 'New', 'PartiallyFilled', 'PendingCancel', 'InDoubt'].includes(ordStatus),
    listen: (listener: (event: Event) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
