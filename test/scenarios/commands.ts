import assert from 'node:assert/strict'
import type { Denial } from '../../src/desk/desk.ts'
import { releaseChange } from '../../src/desk/halting.ts'
import { stageChange } from '../../src/desk/promoting.ts'
import { defaultsOf, LIMIT_NAMES, type Limits } from '../../src/gate/limits.ts'
import { newestOf } from '../../src/orders/generations.ts'
import { type HaltLevel, type HaltScope, isScope } from '../../src/orders/halt.ts'
import { ownFamily } from '../../src/orders/liquidation.ts'
import { avgPx, leavesQty, type Order, ordStatus } from '../../src/orders/machine.ts'
import { avgCost } from '../../src/orders/position.ts'
import { STAGES } from '../../src/orders/stage.ts'
import type { Proposal } from '../../src/orders/proposal.ts'
import type { OrdType, TimeInForce } from '../../src/orders/terms.ts'
import type { AssetClass } from '../../src/orders/instrument.ts'
import type { Narrower } from '../../src/ports/broker.ts'
import type { Evidence, Level } from '../../src/approvals/evidence.ts'
import type { ApprovalPolicy } from '../../src/approvals/policy.ts'
import type { Change, ChangeOf, Intent, PersonRole } from '../../src/ports/records.ts'
import type { AccountID, ExecID, IntentID, OrderID } from '../../src/values/brand.ts'
import { amt, type Decimal, dec, eq, px, qty, text } from '../../src/values/decimal.ts'
import { plusMs } from '../../src/values/instant.ts'
import type { Result } from '../../src/values/result.ts'
import type { Answer, Event, InKind, Truth } from './broker.ts'
import { type Expected, type Line, ScenarioError, Words } from './language.ts'
import { EXCEPT } from './standing.ts'
import { AGENT, personActor, type World } from './world.ts'

/** What a line points at, for its `->`; a denial stands before the state of the thing. */
type Said =
  | { readonly about: string }
  | { readonly denied: Denial }
  | { readonly about: string; readonly repeated: true }
  | { readonly conflict: readonly string[] }
  /** A state that is no order's: that of a change, or of what is armed. */
  | { readonly is: string }
  | null
type Run = (w: World, words: Words) => Promise<Said>

/** Runs a group of lines that happen at one moment, lets the worker finish, and compares. */
export async function play(w: World, group: readonly Line[]): Promise<void> {
  const [first] = group
  if (!first) return
  if (!w.isOpen && !SETTINGS.has(first.verb)) await w.open()
  const said = await Promise.all(
    group.map((line) =>
      at(line, async () => {
        const run = COMMANDS[line.verb]
        if (!run) throw new ScenarioError(line.no, `nobody knows the word ${JSON.stringify(line.verb)}`)
        const words = new Words(line)
        return run(w, words)
      }),
    ),
  )
  if (!w.isOpen) return
  w.clock.advance(1)
  w.broker.arrive()
  await at(first, () => w.settle())
  await Promise.all(group.map((line, i) => at(line, () => compare(w, line, said[i] ?? null))))
}

/** Says in which line something went wrong. */
async function at<T>(line: Line, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (thrown) {
    if (thrown instanceof ScenarioError) throw thrown
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    throw new ScenarioError(line.no, `${line.text}\n  ${why}`, { cause: thrown })
  }
}

// ---------------------------------------------------------------- what can happen

/** They set the stage and do not open the house: its rules are fixed while it runs. */
const SETTINGS = new Set([
  'policy',
  'limits',
  'stage',
  'watch',
  'account',
  'market',
  'takes',
  'can',
  'cannot',
  'absence',
  'offers',
  'holds',
])

const COMMANDS: { readonly [verb: string]: Run } = {
  policy: async (w, words) => {
    if (w.isOpen) words.fail('the policy is fixed before the first thing happens; use it above, or change it by people')
    if (words.line.words.length > 0) {
      w.approvals = approvals(words)
      return over(words)
    }
    const set = <T>(name: string, make: (text: string) => T, apply: (value: T) => Partial<World['policy']>): void => {
      const value = words.named(name)
      if (value !== undefined) w.policy = { ...w.policy, ...apply(make(value)) }
    }
    const span = (value: string): number => words.span(value)
    set('risk', dec, (riskPerTrade) => ({ riskPerTrade }))
    set('maxOrder', amt, (maxOrderNotional) => ({ maxOrderNotional }))
    set('maxPosition', amt, (maxPositionNotional) => ({ maxPositionNotional }))
    set('stage', amt, (stageMaxNotional) => ({ stageMaxNotional }))
    set('buffer', dec, (buyingPowerBuffer) => ({ buyingPowerBuffer }))
    set('collarBps', Number, (collarBps) => ({ collarBps }))
    set('driftBps', Number, (maxDriftBps) => ({ maxDriftBps }))
    set('slackBps', Number, (stopLimitSlackBps) => ({ stopLimitSlackBps }))
    set('quoteAge', span, (quoteAgeMaxMs) => ({ quoteAgeMaxMs }))
    set('duplicates', span, (duplicateWindowMs) => ({ duplicateWindowMs }))
    set('decideIn', span, (approvalTtlMs) => ({ approvalTtlMs }))
    set('sendIn', span, (executionTtlMs) => ({ executionTtlMs }))
    const explicitQty = words.named('explicitQty')
    if (explicitQty === 'exact' || explicitQty === 'not-larger') w.policy = { ...w.policy, explicitQty }
    else if (explicitQty !== undefined) words.fail('explicitQty= is exact or not-larger')
    const allowShort = words.flag('short')
    if (allowShort !== undefined) w.policy = { ...w.policy, allowShort }
    return over(words)
  },
  /** Risk limits that the account begins with; those not named are none. `soft.NAME` asks for a surer yes beyond it. */
  limits: async (w, words) => {
    if (w.isOpen)
      words.fail('limits are fixed before the first thing happens; use them above, or change them by people')
    const values = { ...(w.limits ?? NO_LIMITS).values }
    for (const name of LIMIT_NAMES) {
      const [hard, soft] = [words.named(name), words.named(`soft.${name}`)]
      values[name] = {
        hard: hard === undefined ? values[name].hard : dec(hard),
        soft: soft === undefined ? values[name].soft : dec(soft),
      }
    }
    const [symbols, restricted, venues, sectors] = ['symbols', 'restricted', 'venues', 'sectors'].map((name) =>
      words.named(name),
    )
    const lists = {
      ...(w.limits ?? NO_LIMITS).lists,
      ...(symbols !== undefined && { symbols: symbols.split(',') }),
      ...(restricted !== undefined && { restricted: restricted.split(',') }),
      ...(sectors !== undefined && { sectors: sectors.split(',').map((one) => one.replace(':', '=')) }),
      ...(venues !== undefined && { venues: venues.split(',') }),
    }
    w.limits = { ...NO_LIMITS, values, lists }
    return over(words)
  },
  /** What trips by itself does, from the first moment on. */
  watch: async (w, words) => {
    if (w.isOpen) words.fail('who watches is fixed before the first thing happens')
    w.watched = true
    return over(words)
  },
  /** Where the account begins, with the limits of that stage: what is shown from then on is counted. */
  stage: async (w, words) => {
    if (w.isOpen) words.fail('where the account begins is fixed before the first thing happens')
    w.firstStage = words.oneOf('the stage', STAGES)
    w.limits = defaultsOf(w.firstStage)
    return over(words)
  },
  account: async (w, words) => {
    const { broker } = w
    const [id, equity, buying, status] = ['id', 'equity', 'buying', 'status'].map((name) => words.named(name))
    if (id !== undefined) {
      if (w.isOpen) words.fail('the account is fixed before the first thing happens')
      broker.account = id as AccountID
    }
    if (equity !== undefined) broker.equity = amt(equity)
    if (buying !== undefined) broker.buyingPower = amt(buying)
    if (status === 'Active' || status === 'Restricted' || status === 'Blocked') broker.status = status
    else if (status !== undefined) words.fail('status= is Active, Restricted or Blocked')
    broker.shortingAllowed = words.flag('shorting') ?? broker.shortingAllowed
    return looked(w, words)
  },
  market: async (w, words) => {
    const symbol = words.next('the symbol')
    const before = w.broker.markets.get(symbol)
    const instrument = before?.instrument ?? {
      symbol,
      name: symbol,
      assetClass: 'us_equity' as const,
      currency: 'USD',
      ticks: [{ from: px('0'), tick: px('0.01') }],
      lot: qty('1'),
      minQty: qty('1'),
      maxQty: null,
      tradable: true,
      shortable: true,
    }
    const [bid, ask, session, quote] = ['bid', 'ask', 'session', 'quote'].map((name) => words.named(name))
    const [kind, lot, least, venue, close] = ['class', 'lot', 'least', 'venue', 'close'].map((name) =>
      words.named(name),
    )
    const volume = words.named('volume') ?? (before ? undefined : '10000000')
    const assetClass = CLASSES.find((one) => one === kind)
    if (kind !== undefined && !assetClass) words.fail(`class= is one of ${CLASSES.join(', ')}`)
    w.broker.markets.set(symbol, {
      instrument: {
        ...instrument,
        ...(assetClass && { assetClass }),
        ...(lot !== undefined && { lot: qty(lot), minQty: qty(lot) }),
        ...(venue !== undefined && { venue }),
        ...(least !== undefined && { minNotional: amt(least) }),
        tradable: words.flag('tradable') ?? instrument.tradable,
        shortable: words.flag('shortable') ?? instrument.shortable,
      },
      bid: bid === undefined ? (before?.bid ?? words.fail('bid= is missing')) : px(bid),
      ask: ask === undefined ? (before?.ask ?? words.fail('ask= is missing')) : px(ask),
      open: session === undefined ? (before?.open ?? true) : session !== 'closed',
      volume: volume === undefined ? (before?.volume ?? null) : volume === 'unknown' ? null : dec(volume),
      ...(close !== undefined ? { close: px(close) } : before?.close && { close: before.close }),
      extended: session === undefined ? (before?.extended ?? false) : session === 'extended',
      halted: session === undefined ? (before?.halted ?? false) : session === 'halted',
      stuckAt: quote === 'stuck' ? w.clock.now() : quote === 'moving' ? null : (before?.stuckAt ?? null),
    })
    return looked(w, words)
  },
  /** What is otherwise for one class of assets. */
  takes: async (w, words) => {
    if (w.isOpen) words.fail('what the broker takes is fixed before the first thing happens')
    const assetClass = words.oneOf('the class', CLASSES)
    const list = (name: string) => words.named(name)?.split(',')
    const [ordTypes, timeInForce] = [list('types') as OrdType[] | undefined, list('tif') as TimeInForce[] | undefined]
    const [bracket, oneCancelsOther] = [words.flag('bracket'), words.flag('oneCancelsOther')]
    const narrower: Narrower = {
      ...(ordTypes && { ordTypes }),
      ...(timeInForce && { timeInForce }),
      ...(bracket !== undefined && { bracket }),
      ...(oneCancelsOther !== undefined && { oneCancelsOther }),
    }
    const { assetClasses, perClass } = w.broker.capabilities
    w.broker.capabilities = {
      ...w.broker.capabilities,
      assetClasses: [...new Set([...assetClasses, assetClass])],
      perClass: { ...perClass, [assetClass]: narrower },
    }
    return over(words)
  },
  can: capability(true),
  cannot: capability(false),
  /** What the account holds when the gateway sees it for the first time. */
  holds: async (w, words) => {
    const [symbol, netQty] = [words.next('the symbol'), dec(words.next('the quantity'))]
    words.oneOf('the sign before the price', ['@'])
    w.broker.elsewhere.set(symbol, netQty)
    w.broker.avgPx.set(symbol, px(words.next('the average price')))
    return over(words)
  },
  /** A name is taken once: what is in doubt is offered again after so long. */
  offers: async (w, words) => {
    const offerAgainAfterMs = words.span(words.next('how long'))
    w.broker.capabilities = { ...w.broker.capabilities, idempotentSubmit: true, offerAgainAfterMs }
    return over(words)
  },
  absence: async (w, words) => {
    const after = words.next('how long after a send "no such order" is a proof, or never')
    w.broker.capabilities = {
      ...w.broker.capabilities,
      absenceProvenAfterMs: after === 'never' ? null : words.span(after),
    }
    return over(words)
  },

  // --- what is asked for
  signal: async (w, words) => {
    const intentID = words.next('the intent') as IntentID
    const side = words.oneOf('the side', ['BUY', 'SELL', 'HOLD'])
    const symbol = words.next('the symbol')
    return submit(w, words, {
      ...idea(w, words, intentID, symbol, words.need('entry')),
      form: 'Signal',
      side: SIDES[side],
      orderQty: null,
      ordType: 'Limit',
      timeInForce: 'Day',
    })
  },
  order: async (w, words) => {
    const intentID = words.next('the intent') as IntentID
    const side = words.oneOf('the side', ['BUY', 'SELL'])
    const orderQty = qty(words.next('the quantity'))
    const symbol = words.next('the symbol')
    const type = words.oneOf('the type', ['LMT', 'MKT'])
    const price = words.next('the price')
    const tif = words.oneOf('the time in force', ['DAY', 'GTC', 'IOC'])
    return submit(w, words, {
      ...idea(w, words, intentID, symbol, price),
      form: 'Order',
      side: SIDES[side],
      orderQty,
      ordType: type === 'LMT' ? 'Limit' : 'Market',
      timeInForce: ({ DAY: 'Day', GTC: 'GTC', IOC: 'IOC' } satisfies Record<string, TimeInForce>)[tif],
    })
  },
  approve: async (w, words) => {
    const intentID = words.next('the intent') as IntentID
    const rev = words.named('rev')
    const shown = (await w.store.get('intent', intentID))?.rev
    const digest = w.digests.get(`${intentID}:${rev ?? shown}`) ?? 'never shown'
    const ask = { intentID, digest, reason: words.named('reason') ?? null, actor: actor(words) }
    const evidence = await evidenceOf(w, words, ask.actor.id, intentID)
    words.done()
    return intentOr(await w.desk.approve({ ...ask, ...(evidence && { evidence }) }))
  },
  decline: async (w, words) => {
    const intentID = words.next('the intent') as IntentID
    const ask = { intentID, reason: words.named('reason') ?? 'no', actor: actor(words) }
    words.done()
    return intentOr(await w.desk.decline(ask))
  },
  withdraw: async (w, words) => {
    const ask = { intentID: words.next('the intent') as IntentID, reason: null, actor: actor(words) }
    words.done()
    return intentOr(await w.desk.withdraw(ask))
  },
  reprice: async (w, words) => {
    const ask = { intentID: words.next('the intent') as IntentID, actor: actor(words) }
    words.done()
    return intentOr(await w.desk.reprice(ask))
  },
  cancel: async (w, words) => {
    const ref = words.next('the order')
    const order = await orderOf(w, ref)
    if (!order) return words.fail(`there is no order ${ref}`)
    const ask = { clOrdID: order.clOrdID, actor: actor(words) }
    words.done()
    const done = await w.desk.requestCancel(ask)
    return done.ok ? { about: ref } : { denied: done.error }
  },

  /** Another price or size; the size counts what is filled. */
  replace: async (w, words) => {
    const ref = words.next('the order')
    const order = await orderOf(w, ref)
    if (!order) return words.fail(`there is no order ${ref}`)
    const [size, price] = [words.named('qty'), words.named('price')]
    const ask = {
      clOrdID: order.clOrdID,
      orderQty: size === undefined ? null : qty(size),
      price: price === undefined ? null : px(price),
      reason: words.named('reason') ?? null,
      actor: actor(words),
    }
    words.done()
    const done = await w.desk.replace(ask)
    return done.ok ? { about: ref } : { denied: done.error }
  },

  // --- who must say yes, and with what
  /** Another policy of approvals, which its proposer cannot agree to alone. */
  change: async (w, words) => {
    const who = words.maybe()
    if (who === 'stage') return stageProposed(w, words)
    if (who === 'release') return releaseProposed(w, words)
    if (who !== 'policy' && who !== 'person') words.fail('what is changed is policy, person or stage')
    const what = who === 'policy' ? await policyChange(w, words) : await personChange(w, words, null)
    return proposed(w, words, what)
  },
  /** Somebody is shown the door: at once, by one. */
  disable: async (w, words) => proposed(w, words, await personChange(w, words, true)),
  /** Says yes to the change that was proposed last. */
  agree: async (w, words) => decided(w, words, 'approved'),
  object: async (w, words) => decided(w, words, 'declined'),
  /** A passkey of this person; it approves nothing live on its first day. */
  passkey: async (w, words) => {
    const done = await w.enrol(words.next('whose'))
    words.done()
    return done.ok ? null : { denied: done.error }
  },
  /** The passkey is good for nothing any more. */
  revoke: async (w, words) => {
    const name = words.next('whose passkey')
    const { credentialID = '' } = w.passkeys.get(name) ?? {}
    words.done()
    const done = await w.desk.revokePasskey({ credentialID, reason: 'lost', actor: personActor(name) })
    return done.ok ? null : { denied: done.error }
  },
  /** A user of the chat belongs to this person: `link ana`. */
  link: async (w, words) => {
    const name = words.next('who')
    const done = await w.link(name, words.named('user') ?? name)
    words.done()
    return done.ok ? null : { denied: done.error }
  },
  unlink: async (w, words) => {
    const user = words.next('who')
    const ask = { linkID: w.linkID(user), reason: 'over', actor: actor(words) }
    words.done()
    const done = await w.desk.endLink(ask)
    return done.ok ? null : { denied: done.error }
  },
  /** Orders of the scenario's strategy go without a person, within bounds. */
  arm: async (w, words) => {
    const ask = {
      strategyID: words.named('strategy') ?? STRATEGY,
      symbols: words.next('the symbols').split(','),
      maxNotional: amt(words.need('upTo')),
      maxCount: Number(words.need('orders')),
      until: plusMs(w.clock.now(), words.span(words.need('for'))),
      actor: actor(words),
    }
    words.done()
    const done = await w.desk.arm(ask)
    return done.ok ? { is: 'Armed' } : { denied: done.error }
  },
  disarm: async (w, words) => {
    const armed = (await w.store.all('arming')).find((one) => one.disarmedAt === null)
    const ask = { armingID: armed?.armingID ?? 'none', reason: null, actor: actor(words) }
    words.done()
    const done = await w.desk.disarm(ask)
    return done.ok ? { is: 'Disarmed' } : { denied: done.error }
  },

  // --- stop and go
  halt: async (w, words) => {
    const level = words.named('level') as HaltLevel | undefined
    const ask = {
      reason: words.named('reason') ?? 'enough',
      actor: actor(words),
      ...scopeOf(words),
      ...(level && { level }),
    }
    words.done()
    const done = await w.desk.halt(ask)
    return done.ok ? null : { denied: done.error }
  },
  release: async (w, words) => {
    const ask = { reason: words.named('reason') ?? 'all clear', actor: actor(words), ...scopeOf(words) }
    words.done()
    const done = await w.desk.release(ask)
    return done.ok ? null : { denied: done.error }
  },
  /** Everything is canceled and closed: `liquidate by=rik`, `liquidate AAPL by=rik`, `liquidate market by=rik`, `liquidate stop by=rik`. */
  liquidate: async (w, words) => {
    const what = words.maybe()
    const account = words.named('account') ?? w.broker.account
    const reason = words.named('reason') ?? 'the account is in danger'
    const by = actor(words)
    words.done()
    const done =
      what === 'market'
        ? await w.desk.allowMarketOrders({ actor: by })
        : what === 'stop'
          ? await w.desk.stopLiquidation({ reason, actor: by })
          : await w.desk.startLiquidation({ account, symbols: what?.split(',') ?? null, reason, actor: by })
    return done.ok ? { is: done.value.state } : { denied: done.error }
  },
  haltfile: async (w, words) => {
    w.haltFile = words.oneOf('the HALT file', ['present', 'absent', 'late'])
    return over(words)
  },
  /** Somebody says that they have seen an alert: `acknowledge FROZEN AAPL by=ana`. */
  acknowledge: async (w, words) => {
    const [kind, ref] = [words.next('the kind of task'), words.next('what it is about')]
    const subject = (await orderOf(w, ref))?.clOrdID ?? ref
    const ask = { taskID: `${kind}:${subject}`, actor: actor(words) }
    words.done()
    const done = await w.desk.acknowledge(ask)
    return done.ok ? null : { denied: done.error }
  },
  close: async (w, words) => {
    const [kind, ref] = [words.next('the kind of task'), words.next('what it is about')]
    const subject = (await orderOf(w, ref))?.clOrdID ?? ref
    const ask = { taskID: `${kind}:${subject}`, note: 'looked at it', actor: actor(words) }
    words.done()
    const done = await w.desk.closeTask(ask)
    return done.ok ? null : { denied: done.error }
  },
  /** Somebody says why the broker holds something else, and its count becomes ours. */
  takein: async (w, words) => {
    const symbol = words.next('the symbol')
    const price = words.named('price')
    const reason = words.named('reason') ?? 'explained'
    const ask = { symbol, px: price === undefined ? null : px(price), reason, actor: actor(words) }
    words.done()
    const done = await w.desk.takeIn(ask)
    return done.ok ? null : { denied: done.error }
  },
  reconcile: async (w, words) => {
    await w.desk.requestReconcile(personActor('rik'))
    return over(words)
  },

  // --- the process
  wait: async (w, words) => {
    const ms = words.span(words.next('how long'))
    words.done()
    await w.wait(ms)
    return null
  },
  worker: async (w, words) => {
    const does = words.oneOf('what it does', ['sleeps', 'wakes'])
    w.awake = does === 'wakes'
    w.broker.streams = w.awake
    return over(words)
  },
  crash: async (w, words) => {
    words.done()
    await w.boot()
    return null
  },

  // --- the broker
  broker: async (w, words) => {
    w.broker.down = words.oneOf('how it is', ['up', 'down']) === 'down'
    w.silentSince = w.broker.down ? (w.silentSince ?? w.clock.now()) : null
    return over(words)
  },
  next: async (w, words) => {
    const is = words.oneOf('what the broker does with the next send', NEXT)
    w.broker.answerNext(answer(w, words, is))
    return over(words)
  },
  cancels: async (w, words) => {
    const is = words.oneOf('what the broker does with cancels', ['taken', 'prompt', 'lost', 'reject'])
    w.broker.cancels = is === 'reject' ? { is, text: words.next("the broker's words") } : { is }
    return over(words)
  },
  pairs: async (w, words) => {
    w.broker.pairsBroken = words.oneOf('how pairs are', ['kept', 'broken']) === 'broken'
    return over(words)
  },
  stream: async (w, words) => {
    w.broker.streams = words.oneOf('the stream', ['on', 'off']) === 'on'
    return over(words)
  },
  report: happens(false),
  quietly: happens(true),
  again: async (w, words) => {
    const ref = words.next('the order')
    w.broker.repeat(await truthOf(w, words, ref))
    words.done()
    return { about: ref }
  },
  /** The broker says something of an order that is not so in its own account. */
  claims: async (w, words) => {
    const ref = words.next('the order')
    const order = await truthOf(w, words, ref)
    const is = words.oneOf('what it claims', ['New', 'Canceled', 'Rejected', 'Expired'])
    words.done()
    w.broker.push({
      execID: w.broker.nextID('S') as ExecID,
      clOrdID: order.clOrdID,
      orderID: order.orderID,
      transactTime: w.clock.now(),
      text: null,
      execType: is,
    })
    return { about: ref }
  },
  /** The broker makes the exits of a bracket that it had forgotten. */
  legs: async (w, words) => {
    w.broker.makeLegs(await truthOf(w, words, words.next('the entry')))
    return over(words)
  },
  /** The order ends at the broker, and no report ever says so. */
  forgets: async (w, words) => {
    const order = await truthOf(w, words, words.next('the order'))
    for (const one of w.broker.truth) if (one === order || one.parent === order.orderID) one.open = false
    return over(words)
  },
  hides: async (w, words) => {
    const order = await truthOf(w, words, words.next('the order'))
    if (order.clOrdID) w.broker.hidden.add(order.clOrdID)
    return over(words)
  },
  shows: async (w, words) => {
    const order = await truthOf(w, words, words.next('the order'))
    if (order.clOrdID) w.broker.hidden.delete(order.clOrdID)
    return over(words)
  },
  /** Other hands trade in the same account. */
  elsewhere: async (w, words) => {
    const does = words.oneOf('what other hands do', ['hold', 'order', 'replace', 'end', 'fill'])
    const { broker } = w
    if (does === 'hold') {
      const [symbol, netQty] = [words.next('the symbol'), dec(words.next('the quantity'))]
      broker.elsewhere.set(symbol, netQty)
    } else if (does === 'order') {
      const side = words.oneOf('the side', ['BUY', 'SELL'])
      const [orderQty, symbol, price] = [
        qty(words.next('the quantity')),
        words.next('the symbol'),
        px(words.next('the price')),
      ]
      const terms = { symbol, side: SIDES[side], orderQty, price, ordType: 'Limit', timeInForce: 'Day' } as const
      broker.place({ ...terms, stopPx: null, bracket: null, reduceOnly: false }, null, null)
    } else if (does === 'replace') {
      const old = await truthOf(w, words, words.next('the order'))
      const { lastQty: orderQty, lastPx } = size(words)
      const priced = old.terms.stopPx === null ? { price: lastPx } : { stopPx: lastPx }
      broker.happen(broker.takeOver(old, { ...old.terms, ...priced, orderQty }, null), { is: 'New', text: null }, false)
    } else if (does === 'end') {
      for (const order of broker.truth) if (!order.clOrdID && !order.parent) order.open = false
    } else {
      const order = broker.truth.find((o) => o.open && !o.clOrdID && !o.parent)
      if (!order) return words.fail('other hands have no open order')
      broker.happen(order, fill(w, words), false)
    }
    return over(words)
  },

  /** Sets a standing rule aside, for a reason. */
  except: async (w, words) => {
    w.exceptions.add(EXCEPT[words.oneOf('the rule', Object.keys(EXCEPT) as (keyof typeof EXCEPT)[])])
    words.next('the reason')
    return over(words)
  },
  expect: async (w, words) => {
    const what = words.next('what is expected')
    const run = EXPECT[what]
    if (run) {
      await run(w, words)
      return over(words)
    }
    const expected = { state: words.next('the state'), codes: [] as string[], figures: words.line.named }
    for (let code = words.maybe(); code !== undefined; code = words.maybe()) expected.codes.push(code)
    await compareState(w, what, expected)
    return null
  },
}

/** `click`, `passkey`, `two people`, `two passkeys`; `above=5000` asks for it of larger orders alone. */
const ASKS: Readonly<Record<string, { readonly level: Level; readonly quorum: number }>> = {
  click: { level: 'L1', quorum: 1 },
  passkey: { level: 'L2', quorum: 1 },
  'two people': { level: 'L1', quorum: 2 },
  'two passkeys': { level: 'L3', quorum: 2 },
  'three people': { level: 'L1', quorum: 3 },
}

/** What a policy line says, as the change of the policy before. */
function approvals(words: Words): (before: ApprovalPolicy) => ApprovalPolicy {
  const said = [words.next('what is asked for'), words.maybe()].filter((word) => word !== undefined).join(' ')
  const asks = ASKS[said] ?? words.fail(`what is asked for is ${Object.keys(ASKS).join(', ')}, not ${said}`)
  const [above, unasked, escalate] = ['above', 'unasked', 'escalate'].map((name) => words.named(name))
  const escalateAfterMs = escalate === undefined ? undefined : words.span(escalate)
  const rule = { name: said, ...asks, ...(above !== undefined && { notionalAbove: amt(above) }) }
  return (before) => ({
    ...before,
    rules: above === undefined ? [rule] : [...before.rules, rule],
    ...(unasked !== undefined && { autoMaxNotional: unasked === 'nothing' ? null : amt(unasked) }),
    ...(escalateAfterMs !== undefined && { escalateAfterMs }),
  })
}

async function policyChange(w: World, words: Words): Promise<ChangeOf> {
  const before = await w.policyNow()
  const policy = { ...approvals(words)(before), version: before.version + 1 }
  return { kind: 'approval policy', before: before.version, policy }
}
async function personChange(w: World, words: Words, disabled: boolean | null): Promise<ChangeOf> {
  const personID = words.next('who')
  const person = await w.store.get('person', personID)
  if (!person) return words.fail(`there is nobody called ${personID}`)
  const roles = (words.named('roles')?.split(',') as PersonRole[] | undefined) ?? person.roles
  const before = { roles: person.roles, disabled: person.disabled }
  return { kind: 'person', personID, before, after: { roles, disabled: disabled ?? person.disabled } }
}
const changeOr = (done: Result<Change, Denial>): Said => (done.ok ? { is: done.value.state } : { denied: done.error })

async function stageProposed(w: World, words: Words): Promise<Said> {
  const after = words.oneOf('the stage', STAGES)
  const symbols = words.named('symbols')?.split(',')
  const asked = symbols ? { lists: { symbols } } : {}
  const what = await stageChange(w.store, w.policy.environment, after, asked, w.clock.now())
  return 'kind' in what ? proposed(w, words, what) : { denied: what }
}
async function releaseProposed(w: World, words: Words): Promise<Said> {
  const { scope = 'global' } = scopeOf(words)
  const what = await releaseChange(w.store, scope)
  return what ? proposed(w, words, what) : words.fail(`${scope} is not halted`)
}
async function proposed(w: World, words: Words, what: ChangeOf): Promise<Said> {
  const ask = { what, reason: words.named('reason') ?? 'for the scenario', actor: actor(words) }
  words.done()
  return changeOr(await w.desk.proposeChange(ask))
}
async function decided(w: World, words: Words, verdict: 'approved' | 'declined'): Promise<Said> {
  const change = (await w.store.all('change')).toSorted((a, b) => a.proposedAt - b.proposedAt).at(-1)
  if (!change) return words.fail('nobody proposed a change')
  const { changeID, digest } = change
  const ask = { changeID, digest, verdict, reason: words.named('reason') ?? null, actor: actor(words) }
  const signs = words.named('with') === 'passkey'
  words.done()
  const evidence = signs ? await w.sign(ask.actor.id, await w.decidedChange(changeID)) : null
  return changeOr(await w.desk.decideChange({ ...ask, ...(evidence && { evidence }) }))
}

/** `with=passkey` signs the ticket that waits, `with=slack` clicks in the chat, `user=` as somebody else there. */
async function evidenceOf(w: World, words: Words, name: string, intentID: string): Promise<Evidence | null> {
  const [means, user] = [words.named('with'), words.named('user')]
  if (means === 'slack') return w.click(user ?? name)
  if (user !== undefined) words.fail('user= goes with with=slack')
  if (means === 'passkey') return w.sign(name, await w.decided(intentID))
  return means === undefined ? null : words.fail(`with= is passkey or slack, not ${means}`)
}

const STRATEGY = 'scenario'
const CLASSES = ['us_equity', 'fx', 'crypto'] as const satisfies readonly AssetClass[]
const SIDES = { BUY: 'Buy', SELL: 'Sell', HOLD: 'Hold' } as const
const NEXT = [
  'accept',
  'silent',
  'no-legs',
  'legs-later',
  'lost',
  'lost-booked',
  'throw',
  'throw-booked',
  'crash',
  'crash-booked',
  'reject',
  'late',
  'fill-first',
  'fill-first-crash',
  'fill-first-lost',
  'fill-first-no',
  'mangled',
] as const

function answer(w: World, words: Words, is: (typeof NEXT)[number]): Answer {
  switch (is) {
    case 'reject':
      return { is, text: words.next("the broker's words") }
    case 'late':
      return { is, arrivesAt: plusMs(w.clock.now(), words.span(words.next('how late'))) }
    case 'fill-first':
    case 'fill-first-crash':
    case 'fill-first-lost':
    case 'fill-first-no':
      return { is, ...size(words) }
    default:
      return { is }
  }
}

/** `20 @ 190.00`. */
function size(words: Words): { lastQty: ReturnType<typeof qty>; lastPx: ReturnType<typeof px> } {
  const lastQty = qty(words.next('the quantity'))
  words.oneOf('the sign before the price', ['@'])
  return { lastQty, lastPx: px(words.next('the price')) }
}
function fill(w: World, words: Words): Event {
  const execID = (words.named('id') ?? null) as ExecID | null
  return { is: 'Fill', ...size(words), execID, commission: amt(words.named('fee') ?? '0'), inKind: inKind(words) }
}
/** `kept=0.0025`, as the report says; `really=0.0015`, where it is an estimate. */
function inKind(words: Words): InKind | null {
  const [kept, really] = [words.named('kept'), words.named('really')]
  if (kept === undefined) return really === undefined ? null : words.fail('really= goes with kept=')
  return { told: qty(kept), really: qty(really ?? kept) }
}

function happens(quietly: boolean): Run {
  return async (w, words) => {
    const ref = words.next('the order')
    const is = words.oneOf('what happens', ['New', 'Canceled', 'Rejected', 'Expired', 'Fill', 'Bust', 'Correct'])
    const event = (): Event => {
      switch (is) {
        case 'Fill':
          return fill(w, words)
        case 'Bust':
          return { is, refExecID: words.next('which trade') as ExecID }
        case 'Correct':
          return { is, refExecID: words.next('which trade') as ExecID, ...size(words), inKind: inKind(words) }
        default:
          return { is, text: words.maybe() ?? null }
      }
    }
    const happened = event()
    words.done()
    w.broker.happen(await truthOf(w, words, ref), happened, quietly)
    return { about: ref }
  }
}

function capability(has: boolean): Run {
  return async (w, words) => {
    if (w.isOpen) words.fail('what the broker can do is fixed before the first thing happens')
    const what = words.oneOf('what the broker can do', [
      'bracket',
      'legsWaitForWholeFill',
      'legsLastAsEntry',
      'oneCancelsOther',
      'idempotentSubmit',
      'replace',
    ])
    w.broker.capabilities = { ...w.broker.capabilities, [what]: has }
    return over(words)
  }
}

function over(words: Words): null {
  words.done()
  return null
}
/** The worker looks at market and account every second, so a change is soon known. */
async function looked(w: World, words: Words): Promise<null> {
  words.done()
  if (w.isOpen && w.awake) await w.look()
  return null
}

const NO_LIMITS: Limits = {
  version: 0,
  stage: 'S1',
  values: Object.fromEntries(LIMIT_NAMES.map((name) => [name, { hard: null, soft: null }])) as Limits['values'],
  lists: {
    symbols: null,
    restricted: [],
    assetClasses: null,
    venues: null,
    sessions: ['Regular'],
    ordTypes: null,
    sectors: [],
    allowShort: true,
  },
}
const scopeOf = (words: Words): { readonly scope?: HaltScope } => {
  const written = words.named('scope')
  if (written === undefined) return {}
  return isScope(written) ? { scope: written } : words.fail(`${written} is nothing that can be halted`)
}
const actor = (words: Words) => {
  const by = words.need('by')
  return by === AGENT.id ? AGENT : by.startsWith('agent:') ? { ...AGENT, id: by } : personActor(by)
}
const intentOr = (done: Result<Intent, Denial>): Said =>
  done.ok ? { about: done.value.intentID } : { denied: done.error }

function idea(w: World, words: Words, intentID: IntentID, symbol: string, entry: string) {
  const now = w.clock.now()
  const target = words.named('target')
  return {
    intentID,
    symbol,
    entryPx: px(entry),
    stopPx: px(words.need('stop')),
    targetPx: target === undefined ? null : px(target),
    strategyID: words.named('strategy') ?? STRATEGY,
    confidence: dec('0.7'),
    reasoning: 'because',
    generatedAt: plusMs(now, -1_000),
    expiresAt: plusMs(now, words.span(words.named('expires') ?? '1h')),
    model: { name: 'jax', version: '1' },
    artifactID: 'run-1',
    artifactHash: null,
  } satisfies Partial<Proposal>
}

async function submit(w: World, words: Words, proposal: Proposal): Promise<Said> {
  const from = words.named('from') ?? AGENT.id
  const owner = words.named('owner') ?? null
  words.done()
  const { symbol, side, entryPx, stopPx, targetPx, orderQty } = proposal
  const body = {
    symbol,
    side,
    entry_price: text(entryPx),
    stop_loss: text(stopPx),
    take_profit: targetPx ? text(targetPx) : '',
    quantity: orderQty ? text(orderQty) : '',
  }
  const done = await w.desk.submit({
    proposal,
    body,
    owner,
    actor: from === AGENT.id ? AGENT : personActor(from),
  })
  if (done.outcome === 'conflict') return { conflict: done.fields }
  return done.outcome === 'repeated' ? { about: proposal.intentID, repeated: true } : { about: proposal.intentID }
}

// ---------------------------------------------------------------- what can be expected

const EXPECT: { readonly [what: string]: (w: World, words: Words) => Promise<void> } = {
  position: async (w, words) => {
    const position = await w.store.get('position', words.next('the symbol'))
    same('position', position?.netQty ?? dec('0'), words.next('the quantity'))
    const avg = words.named('avg')
    if (avg !== undefined) same('avg', position && avgCost(position), avg)
    const pnl = words.named('pnl')
    if (pnl !== undefined) same('pnl', position?.realizedPnl ?? null, pnl)
  },
  broker: async (w, words) => {
    const { truth, sends, cancelCalls } = w.broker
    const open = truth.filter((o) => o.open)
    const counts: Record<string, number> = {
      orders: truth.filter((o) => o.role === 'Entry').length,
      open: open.length,
      entries: open.filter((o) => o.role === 'Entry').length,
      stops: open.filter((o) => o.role === 'Stop').length,
      exits: open.filter((o) => o.role === 'Exit').length,
      targets: open.filter((o) => o.role === 'Target').length,
      sends: sends.length,
      cancels: cancelCalls.length,
    }
    for (const [name, count] of Object.entries(counts)) {
      const wanted = words.named(name)
      if (wanted !== undefined) assert.equal(String(count), wanted, `${name} at the broker`)
    }
  },
  task: async (w, words) => {
    const kind = words.next('the kind of task')
    const ref = words.maybe()
    const subject =
      ref === undefined ? null : ((await orderOf(w, ref))?.clOrdID ?? w.passkeys.get(ref)?.credentialID ?? ref)
    const tasks = (await w.store.all('task')).filter((t) => t.doneAt === null)
    const found = tasks.find((t) => t.kind === kind && (subject === null || t.subject === subject))
    assert.ok(found, `no open task ${kind}; open are: ${tasks.map((t) => t.taskID).join(', ') || 'none'}`)
    w.expectedTasks.add(found.taskID)
  },
  done: async (w, words) => {
    const kind = words.next('the kind of task')
    const task = (await w.store.all('task')).find((t) => t.kind === kind)
    assert.ok(task, `there never was a task ${kind}`)
    assert.ok(task.doneAt !== null, `task ${task.taskID} is still open`)
  },
  /** Somebody has said that they saw it, or nobody has, or further people were told: `expect alert FROZEN told`. */
  alert: async (w, words) => {
    const kind = words.next('the kind of task')
    const wanted = words.oneOf('how it is', ['new', 'told', 'seen'])
    const tasks = (await w.store.all('task')).filter((t) => t.kind === kind && t.doneAt === null)
    const [task] = tasks
    assert.ok(task, `no open task ${kind}`)
    assert.equal(tasks.length, 1, `${tasks.length} open tasks ${kind}`)
    w.expectedTasks.add(task.taskID)
    const is = task.acknowledgedAt !== undefined ? 'seen' : task.escalatedAt !== undefined ? 'told' : 'new'
    assert.equal(is, wanted)
  },
  frozen: async (w, words) => {
    const symbol = words.next('the symbol')
    assert.ok(await w.store.get('freeze', symbol), `${symbol} is not frozen`)
    w.expectedTasks.add(`FROZEN:${symbol}`)
  },
  free: async (w, words) => {
    const freeze = await w.store.get('freeze', words.next('the symbol'))
    assert.equal(freeze, null, `frozen: ${freeze?.reason}`)
  },
  halted: async (w, words) => {
    const { scope = 'global' } = scopeOf(words)
    const state = (await w.store.get('halt', scope))?.state
    assert.ok(state, `${scope} is not halted`)
    const [level, by, why] = ['level', 'by', 'why'].map((name) => words.named(name))
    assert.equal(state.level, level ?? state.level)
    assert.equal(state.by, by ?? state.by)
    if (why !== undefined) assert.ok(state.reason.includes(why), state.reason)
  },
  armed: async (w, words) => {
    const count = words.named('count')
    const armed = (await w.store.all('arming')).filter((one) => one.disarmedAt === null)
    assert.equal(armed.length, 1, 'nothing is armed')
    if (count !== undefined) assert.equal(String(armed[0]?.count), count, 'orders that went')
  },
  disarmed: async (w) =>
    assert.deepEqual(
      (await w.store.all('arming')).filter((one) => one.disarmedAt === null).map((one) => one.armingID),
      [],
    ),
  stage: async (w, words) =>
    assert.equal((await w.store.get('stage', 'account'))?.stage, words.oneOf('the stage', STAGES)),
  running: async (w) => assert.equal((await w.store.get('halt', 'global'))?.state ?? null, null, 'trading is halted'),
  /** How the liquidation is: `expect liquidation Flat`. */
  liquidation: async (w, words) => {
    const wanted = words.next('the state')
    const { state, endedAt } = (await w.store.get('liquidation', 'account')) ?? {}
    assert.equal(state ?? 'none', wanted)
    assert.equal(endedAt === null, wanted === 'Running')
  },
  /** What is said of a symbol that is being closed, or of the plan to: `expect line AAPL WaitsForOpen text=open`. */
  line: async (w, words) => {
    const symbol = words.next('the symbol')
    const [line] = await w.desk.closingLines([symbol])
    assert.ok(line)
    const { state, text: told } = line.step
    assert.equal(state, words.next('the state'), told)
    const says = words.named('text')
    if (says !== undefined) assert.ok(told.includes(says), told)
    const cancels = words.named('cancels')
    if (cancels !== undefined) assert.equal(String(line.cancels.length), cancels, 'orders to cancel')
    const worth = words.named('worth')
    if (worth !== undefined) same('worth', line.worth, worth)
  },
  /** What the report says of a symbol: `expect report AAPL held=52 closed=52 avg=190.00 left=0`. */
  report: async (w, words) => {
    const symbol = words.next('the symbol')
    const { report } = (await w.store.get('liquidation', 'account')) ?? {}
    const line = report?.find((one) => one.symbol === symbol)
    assert.ok(line, `the report says nothing of ${symbol}`)
    const figures = { held: line.heldQty, closed: line.closedQty, avg: line.avgPx, left: line.leftQty } as const
    for (const [name, figure] of Object.entries(figures)) {
      const wanted = words.named(name)
      if (wanted !== undefined) same(name, figure, wanted)
    }
    const why = words.named('why')
    if (why === undefined) assert.equal(line.why, null)
    else assert.ok(line.why?.includes(why), String(line.why))
  },
  note: async (w, words) => {
    const wanted = words.next('what the last comparison says')
    const { findings = [] } = (await w.store.get('reconcile', w.broker.account)) ?? {}
    assert.ok(
      findings.some((one) => one.includes(wanted)),
      `the last comparison says: ${findings.join('; ') || 'nothing'}`,
    )
  },
  books: async (w, words) => {
    const wanted = words.oneOf('how the books are', ['agree', 'differ'])
    const run = await w.store.get('reconcile', w.broker.account)
    assert.equal(run?.clean ? 'agree' : 'differ', wanted, `the last comparison found: ${run?.findings.join('; ')}`)
  },
}

function same(name: string, actual: Decimal | null, wanted: string): void {
  const equal = actual === null ? wanted === 'none' : wanted !== 'none' && eq(actual, dec(wanted))
  assert.ok(equal, `${name} is ${actual === null ? 'none' : text(actual)}, expected ${wanted}`)
}

async function compare(w: World, line: Line, said: Said): Promise<void> {
  const { expected } = line
  for (const intent of (await w.store.intents({}, { limit: 100, after: null })).items) w.remember(intent)
  if (said && 'denied' in said) {
    const { code, text: words, refusals } = said.denied
    const codes = [code, ...refusals.map((r) => r.code)]
    if (expected?.state !== 'Denied') assert.fail(`denied: ${code}: ${words}`)
    assert.deepEqual(codes, expected.codes, words)
    return
  }
  if (said && 'is' in said) {
    assert.equal(said.is, expected?.state ?? said.is)
    return
  }
  if (said && 'conflict' in said) {
    assert.equal(expected?.state, 'Conflict', `conflict in ${said.conflict.join(', ')}`)
    assert.deepEqual([...said.conflict], expected?.codes)
    return
  }
  const repeated = said !== null && 'repeated' in said
  if (!expected) {
    assert.ok(!repeated, 'the desk answered what it had answered before')
    return
  }
  assert.ok(said, 'this line has no state to compare')
  if (expected.state !== 'Repeated') {
    assert.ok(!repeated, 'the desk answered what it had answered before')
    return compareState(w, said.about, expected)
  }
  assert.ok(repeated, 'the desk took it as new')
  const [state, ...codes] = expected.codes
  if (state) await compareState(w, said.about, { state, codes, figures: expected.figures })
}

async function compareState(w: World, ref: string, { state, codes, figures }: Expected): Promise<void> {
  const order = await orderOf(w, ref)
  const intent = ref.includes('.') ? null : await w.store.get('intent', ref)
  if (!order && !intent) {
    assert.equal(state, 'none', `there is no ${ref}`)
    return
  }
  const actual = intent && !(intent.state === 'Approved' && order) ? intent.state : order ? ordStatus(order) : 'none'
  const why =
    intent?.state === 'Refused'
      ? ` (${intent.refusals.map((r) => r.code).join(', ')})`
      : order?.text
        ? ` (${order.text})`
        : ''
  assert.equal(actual, state, `${ref} is ${actual}${why}, expected ${state}`)
  if (state === 'Refused')
    assert.deepEqual(intent?.refusals.map((r) => r.code).sort(), [...codes].sort(), 'the reasons of the refusal')
  else if (codes.length > 0) assert.fail(`nobody knows what ${codes.join(' ')} means after ${state}`)
  for (const [name, wanted] of figures) {
    const figure = FIGURES[name]
    if (!figure) assert.fail(`nobody knows the figure ${name}=`)
    const value = String(figure(intent, order) ?? 'none')
    if (NUMBER.test(value) && NUMBER.test(wanted)) same(name, dec(value), wanted)
    else assert.equal(value, wanted, name)
  }
}

const NUMBER = /^-?\d+(\.\d+)?$/
const FIGURES: { readonly [name: string]: (intent: Intent | null, order: Order | null) => Decimal | string | null } = {
  qty: (intent, order) => order?.terms.orderQty ?? intent?.ticket?.terms.orderQty ?? null,
  limit: (intent, order) => (order?.terms ?? intent?.ticket?.terms)?.price ?? null,
  stop: (_, order) => order?.terms.stopPx ?? null,
  stopLimit: (intent) => intent?.ticket?.terms.bracket?.stopLimitPx ?? null,
  tif: (intent, order) => (order?.terms ?? intent?.ticket?.terms)?.timeInForce ?? null,
  kept: (_, order) => order?.feeQty ?? null,
  leaves: (_, order) => order && leavesQty(order),
  cum: (_, order) => order?.cumQty ?? null,
  avg: (_, order) => order && avgPx(order),
  rev: (intent) => (intent ? String(intent.rev) : null),
  votes: (intent) => String(intent?.votes?.length ?? 0),
  escalated: (intent) => (intent?.escalatedAt === undefined ? 'no' : 'yes'),
  level: (intent) => intent?.decision?.level ?? null,
  via: (intent) => intent?.decision?.via ?? null,
  attempts: (intent) => (intent ? String(intent.attempts) : null),
  text: (_, order) => order?.text ?? null,
}

// ---------------------------------------------------------------- pointing at orders

const REF = /^([A-Za-z0-9]+)(?:\.(entry|stop|target|exit)(\d+)?)?$/

/**
 * `I1` is the entry of intent I1, the one that works if there were several; `I1.stop` its newest stop, `I1.stop1` its first.
 * `AAPL.exit` is the newest exit of what no intent holds.
 */
export async function orderOf(w: World, ref: string): Promise<Order | null> {
  const [, intentID = '', role = 'entry', n] = REF.exec(ref) ?? []
  const { liquidationID = '' } = (await w.store.get('liquidation', 'account')) ?? {}
  const own = role === 'exit' ? await w.store.ordersOf(ownFamily({ liquidationID }, intentID) as IntentID) : []
  const family = [...(await w.store.ordersOf(intentID as IntentID)), ...own]
  const orders = family.filter((o) => o.role.toLowerCase() === role)
  if (n !== undefined) return orders[Number(n) - 1] ?? null
  if (ref === intentID) {
    const clOrdID = (await w.store.get('intent', intentID))?.clOrdID
    const first = orders.find((o) => o.clOrdID === clOrdID)
    return first ? newestOf(first, orders) : null
  }
  return orders.at(-1) ?? null
}

/** The same at the broker, which may hold what our book does not know yet. */
async function truthOf(w: World, words: Words, ref: string): Promise<Truth> {
  const order = await orderOf(w, ref)
  const known = order && (w.broker.byID(order.orderID) ?? w.broker.byName(order.clOrdID))
  if (known) return known
  const [, intentID = '', role] = REF.exec(ref) ?? []
  const entry = (await w.store.ordersOf(intentID as IntentID)).findLast((o) => o.role === 'Entry')
  const parent: OrderID | undefined = entry && w.broker.byName(entry.clOrdID)?.orderID
  const leg = w.broker.truth.findLast((o) => o.parent !== null && o.parent === parent && o.role?.toLowerCase() === role)
  return leg ?? words.fail(`the broker has no order ${ref}`)
}
