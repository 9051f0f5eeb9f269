import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fingerprint } from '../approvals/digest.ts'
import { AAPL, ACCOUNT, MARKET, NOW, PROPOSAL, RESTING } from '../gate/example.ts'
import type { Row } from '../journal/row.ts'
import { HALT } from '../orders/example.ts'
import type { Order } from '../orders/machine.ts'
import { flat } from '../orders/position.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { Capabilities } from '../ports/broker.ts'
import type { Fill, Intent } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { ExecID } from '../values/brand.ts'
import { amt, dec, px, qty } from '../values/decimal.ts'
import { plusMs } from '../values/instant.ts'
import { type Caller, NOBODY, ROLES } from './access.ts'
import { canApprove, canReplace } from './beforehand.ts'
import { csv, FILL_COLUMNS } from './csv.ts'
import {
  canCancel,
  canIntent,
  midOf,
  summary,
  undecided,
  viewFill,
  viewInstrument,
  viewPosition,
  viewRefusal,
  viewRequirement,
  viewTerms,
} from './present.ts'
import { sentence, viewEvent } from './sentence.ts'

/** A book that holds nothing. */
const NOTHING = { get: async () => null } as unknown as Reads
const order = (change: Partial<Order>): Order => ({ ...RESTING, ...change })
const intent = (change: Partial<Intent>): Intent => ({
  intentID: PROPOSAL.intentID,
  account: RESTING.account,
  state: 'AwaitingApproval',
  proposal: PROPOSAL,
  body: {},
  proposer: { type: 'agent', id: 'jax', via: 'http', session: null },
  proposerOwner: null,
  rev: 1,
  ticket: null,
  digest: 'abc',
  sizing: null,
  checks: [],
  refusals: [],
  decideBy: plusMs(NOW, 60_000),
  decision: null,
  sendBy: null,
  clOrdID: null,
  attempts: 0,
  corr: 'jax-042',
  receivedAt: NOW,
  updatedAt: NOW,
  ...change,
})
const decision = (verdict: 'approved' | 'declined' | 'withdrawn', reason: string | null) => ({
  verdict,
  by: 'usr_1',
  byName: 'Ana',
  via: 'web',
  reason,
  digest: null,
  at: NOW,
})
const person = (roles: Caller['roles'], id = 'usr_1'): Caller => ({
  ...NOBODY,
  kind: 'person',
  id,
  name: 'Ana',
  roles,
  scopes: new Set(roles.flatMap((role) => ROLES[role])),
})
const agent = (id: string): Caller => ({
  ...NOBODY,
  kind: 'agent',
  id,
  name: id,
  scopes: new Set(['intents:write', 'orders:read']),
})

it('the soft limits that an order is beyond are told, and no rule that is called like one', () => {
  const rules = ['beyond the soft limit dayLoss', 'beyond the soft limit maxOrderNotional']
  const requires = { level: 'L2', quorum: 1, policyVersion: 1, rules, beyond: ['maxOrderNotional'] } as const
  assert.deepEqual(viewRequirement(requires).beyond, ['maxOrderNotional'])
  assert.equal('beyond' in viewRequirement({ ...requires, beyond: [] }), false)
})

describe('an order that nobody has decided', () => {
  const late = { escalation: { at: NOW, afterMs: 180_000 }, escalatedAt: NOW }
  const two = { level: 'L1', quorum: 2, policyVersion: 1, rules: [] } as const
  const rows: readonly (readonly [string, Partial<Intent>, string | null])[] = [
    ['yet', { escalation: late.escalation }, null],
    ['for its time', late, 'Nobody has decided for 3 min'],
    ['for seconds', { ...late, escalation: { at: NOW, afterMs: 90_000 } }, 'Nobody has decided for 90 s'],
    ['for hours', { ...late, escalation: { at: NOW, afterMs: 10_800_000 } }, 'Nobody has decided for 3 h'],
    [
      'but one',
      { ...late, requires: two, votes: [decision('approved', null)] },
      '1 of 2 said yes, and nobody else for 3 min',
    ],
    [
      'but one whose yes lost its worth',
      { ...late, requires: two, votes: [decision('approved', 'void')] },
      'Nobody has decided for 3 min',
    ],
    ['and now is', { ...late, state: 'Approved' }, null],
    ['and now ends', { ...late, state: 'Lapsed' }, null],
  ]
  for (const [name, change, words] of rows)
    it(name, () => {
      const counted = new Set(change.votes?.flatMap(({ by, reason }) => (reason === 'void' ? [] : [by])))
      assert.equal(undecided(intent(change), counted), words)
      if (words !== null) assert.ok(summary(intent(change), null, (id) => id, counted).startsWith(`${words}. `))
    })
})

describe('the summary says what is true and whether to do anything', () => {
  const rows: readonly (readonly [Partial<Intent>, Partial<Order> | null, RegExp])[] = [
    [{ state: 'Received' }, null, /^Received; prices and account are being read/],
    [{ state: 'AwaitingApproval' }, null, /waits for a person to decide until 15:01:00 UTC\.$/],
    [
      { state: 'Approved', decision: decision('approved', null) },
      null,
      /^Approved by Ana; it is checked once more and then sent/,
    ],
    [
      { state: 'Declined', decision: decision('declined', 'too late') },
      null,
      /^Declined by Ana: too late\. Nothing was sent\.$/,
    ],
    [{ state: 'Withdrawn', decision: decision('withdrawn', null) }, null, /^Withdrawn by Ana\. Nothing was sent\.$/],
    [{ state: 'Lapsed' }, null, /^Lapsed: .*Nothing was sent/],
    [
      { state: 'Refused', refusals: [{ code: 'SIGNAL_IS_HOLD', symbol: 'AAPL' }, { code: 'ACCOUNT_MISSING' }] },
      null,
      /^Refused, nothing was sent\. The signal for AAPL says hold\. .* And 1 more reason\.$/,
    ],
    [{}, { delivery: 'Queued', phase: 'PendingNew' }, /^Buy 100 AAPL at 187\.5 is on its way/],
    [{}, { phase: 'New' }, /working at the broker; nothing is filled yet\.$/],
    [
      {},
      { phase: 'PartiallyFilled', cumQty: qty('40'), grossTradeAmt: dec('7500') },
      /40 of 100 filled at 187\.5 on average\.$/,
    ],
    [
      {},
      { phase: 'Filled', cumQty: qty('100'), grossTradeAmt: dec('18750') },
      /^Filled: bought 100 AAPL at 187\.5 on average\.$/,
    ],
    [{}, { phase: 'Canceled' }, /^Canceled before anything was filled\.$/],
    [
      {},
      { phase: 'Canceled', cumQty: qty('1'), grossTradeAmt: dec('187.5') },
      /^Canceled after 1 of 100 were filled at 187\.5/,
    ],
    [{}, { phase: 'Expired' }, /^Expired at the broker before anything/],
    [
      {},
      { phase: 'Rejected', delivery: 'Rejected', text: 'insufficient\u202e buying\u0007 power' },
      /^The broker rejected it: insufficient buying power\. Nothing is open\.$/,
    ],
    [{}, { phase: 'New', asked: 'Cancel' }, /^A cancel has been asked for; the broker has not confirmed it\./],
    [{}, { phase: 'PendingNew', delivery: 'InDoubt' }, /^Unknown, do not resubmit: /],
    [{}, { phase: 'PendingNew', delivery: 'Absent' }, /never reached the broker; that is proven/],
  ]
  for (const [change, made, says] of rows)
    it(String(says).slice(1, 60), () =>
      assert.match(
        summary(intent(change), made && order(made), (id) => id, new Set()),
        says,
      ),
    )
})

describe('what the caller may do, and why not', () => {
  const seen = (caller: Caller, halted = false) => ({
    caller,
    now: NOW,
    halts: halted ? [{ ...HALT, by: 'Ana' }] : [],
    signs: false,
    name: (id: string) => id,
  })
  const rows: readonly (readonly [
    name: string,
    caller: Caller,
    change: Partial<Intent>,
    halted: boolean,
    can: string,
  ])[] = [
    ['an approver', person(['approver']), {}, false, 'approve decline withdraw reprice'],
    ['a trader', person(['trader']), {}, false, 'decline withdraw reprice'],
    ['an operator', person(['operator']), {}, false, 'decline withdraw'],
    ['an auditor', person(['auditor']), {}, false, ''],
    ['its own agent', agent('jax'), {}, false, 'withdraw'],
    ['another agent', agent('other'), {}, false, ''],
    ['the owner of the agent', person(['approver']), { proposerOwner: 'usr_1' }, false, 'decline withdraw reprice'],
    ['an approver while halted', person(['approver']), {}, true, 'decline withdraw reprice'],
    ['an approver too late', person(['approver']), { decideBy: plusMs(NOW, -1) }, false, 'decline withdraw reprice'],
    ['before it is sized', person(['approver']), { state: 'Received', digest: null }, false, 'withdraw'],
    ['after it was approved', person(['approver']), { state: 'Approved' }, false, 'withdraw'],
    ['after it was sent', person(['approver']), { state: 'Approved', clOrdID: RESTING.clOrdID }, false, ''],
    ['after it was declined', person(['approver']), { state: 'Declined' }, false, ''],
  ]
  for (const [name, caller, change, halted, expected] of rows)
    it(name, async () => {
      const asked = intent({ ticket: {} as Ticket, ...change })
      const can = Object.entries(canIntent(asked, caller, await canApprove(NOTHING, asked, seen(caller, halted))))
      assert.equal(
        can
          .filter(([, { ok }]) => ok)
          .map(([action]) => action)
          .join(' '),
        expected,
      )
      for (const [action, answer] of can) if (!answer.ok) assert.ok(answer.why.length > 10, action)
    })
  const cancels: readonly (readonly [Partial<Order>, Caller, boolean])[] = [
    [{}, person(['trader']), true],
    [{}, person(['auditor']), false],
    [{}, agent('jax'), false],
    [{ asked: 'Cancel' }, person(['trader']), false],
    [{ phase: 'Filled' }, person(['trader']), false],
    [{ delivery: 'InDoubt', phase: 'PendingNew' }, person(['trader']), true],
  ]
  const replaces = { replace: true } as Capabilities
  const of = (change: Partial<Intent>) => intent({ ticket: { assetClass: 'us_equity' } as Ticket, ...change })
  const changes: readonly (readonly [Partial<Order>, Caller, boolean])[] = [
    [{}, person(['approver']), true],
    [{}, person(['risk']), true],
    [{}, person(['trader']), false],
    [{}, agent('jax'), false],
    [{ role: 'Stop' }, person(['approver']), false],
    [{ asked: 'Cancel' }, person(['approver']), false],
    [{ phase: 'Filled' }, person(['approver']), false],
    [{ delivery: 'InDoubt', phase: 'PendingNew' }, person(['approver']), false],
  ]
  it('replace', () => {
    for (const [change, caller, expected] of changes) {
      const can = canReplace(order(change), of({}), caller, replaces)
      assert.equal(can.ok, expected, JSON.stringify(change))
      assert.equal(canReplace(order(change), of({}), caller, { ...replaces, replace: false }).ok, false)
      assert.equal(canReplace(order(change), null, caller, replaces).ok, false)
    }
  })
  it('replace, by whoever stands behind it', () => {
    const owns: readonly Partial<Intent>[] = [
      { proposerOwner: 'usr_1' },
      { proposerMaker: 'usr_1' },
      { proposer: { type: 'person', id: 'usr_1', via: 'web', session: null } },
    ]
    for (const own of owns)
      assert.match(
        JSON.stringify(canReplace(order({}), of(own), person(['approver']), replaces)),
        /^\{"ok":false,"why":"Whoever proposed an order,/,
      )
  })
  it('cancel', () => {
    for (const [change, caller, expected] of cancels)
      assert.equal(canCancel(order(change), caller).ok, expected, JSON.stringify(change))
  })
})

describe('numbers', () => {
  const long = { ...flat('AAPL'), netQty: dec('100'), cost: dec('18700') }
  const stop = (change: Partial<Order>): Order =>
    order({
      role: 'Stop',
      ...change,
      terms: {
        ...RESTING.terms,
        side: 'Sell',
        ordType: 'Stop',
        price: null,
        stopPx: px('185'),
        reduceOnly: true,
        ...change.terms,
      },
    })
  it('a position is worth its size at mid less its cost', () => {
    assert.equal(viewPosition(long, MARKET, 'USD', []).unrealizedPnl, '50.00')
    const short = { ...long, netQty: dec('-100') }
    assert.equal(viewPosition(short, MARKET, 'USD', []).unrealizedPnl, '-50.00')
  })
  it('in account currency, and not at all without a rate or a quote', () => {
    const converted = { ...MARKET, conversion: { rate: dec('0.9'), at: NOW } }
    assert.equal(viewPosition(long, converted, 'EUR', []).unrealizedPnl, '45.00')
    assert.equal(viewPosition(long, MARKET, 'EUR', []).unrealizedPnl, null)
    assert.equal(viewPosition(long, { ...MARKET, quote: null }, 'USD', []).unrealizedPnl, null)
    assert.equal(viewPosition(long, null, 'USD', []).unrealizedPnl, null)
    assert.equal(viewPosition(flat('AAPL'), null, 'USD', []).unrealizedPnl, '0.00')
  })
  it('is protected by resting stops against it, and by nothing else', () => {
    const protectedBy = (...orders: Order[]) => viewPosition(long, MARKET, 'USD', orders).protectedQty
    assert.equal(protectedBy(stop({})), '100')
    assert.equal(protectedBy(stop({}), stop({ cumQty: qty('40'), phase: 'PartiallyFilled' })), '160')
    assert.equal(
      protectedBy(
        stop({ delivery: 'Queued' }),
        stop({ delivery: 'InDoubt', phase: 'PendingNew' }),
        stop({ phase: 'Canceled' }),
        order({}),
      ),
      '0',
    )
    assert.equal(
      protectedBy(
        stop({ terms: { ...RESTING.terms, symbol: 'MSFT', side: 'Sell' } }),
        stop({ terms: { ...RESTING.terms, side: 'Buy' } }),
      ),
      '0',
    )
    assert.equal(viewPosition(flat('AAPL'), MARKET, 'USD', [stop({})]).protectedQty, '0')
  })
  it('what is there only sometimes is left out otherwise, and a billionth is written in full', () => {
    const made: Fill = {
      execID: 'T1' as ExecID,
      clOrdID: RESTING.clOrdID,
      symbol: 'BTC/USD',
      side: 'Buy',
      lastQty: qty('0.000000400'),
      lastPx: px('60000.00'),
      settlCurrFxRate: dec('1'),
      commission: amt('0'),
      transactTime: NOW,
      live: true,
      account: RESTING.account,
      intentID: RESTING.intentID,
      role: 'Entry',
      seq: 7,
    }
    assert.equal('feeQty' in viewFill(made), false)
    const kept = viewFill({ ...made, feeQty: qty('0.000000001') })
    assert.deepEqual([kept.lastQty, kept.feeQty], ['0.000000400', '0.000000001'])
    const [head, line] = csv(FILL_COLUMNS, [kept]).split('\r\n')
    assert.match(head ?? '', /,lastQty,.*,feeQty$/)
    assert.match(line ?? '', /,0\.000000400,.*,0\.000000001$/)
    assert.match(csv(FILL_COLUMNS, [viewFill(made)]), /,true,\r\n$/)

    const bracket = { stopPx: px('57000.00'), targetPx: null }
    assert.deepEqual(viewTerms({ ...RESTING.terms, bracket }).bracket, bracket)
    const limited = { ...bracket, stopLimitPx: px('54150.00') }
    assert.deepEqual(viewTerms({ ...RESTING.terms, bracket: limited }).bracket, limited)

    assert.equal('minNotional' in (viewInstrument(MARKET) ?? {}), false)
    const least = { ...MARKET, instrument: { ...AAPL, minNotional: amt('10') } }
    assert.equal(viewInstrument(least)?.minNotional, '10')
  })
  it('mid is exact, the fingerprint is of the digest', () => {
    assert.equal(String(midOf({ bid: px('1.1'), ask: px('1.1003') }) as unknown), '1.10015')
    assert.equal(fingerprint(Buffer.from('d02cec62ff', 'hex').toString('base64url')), 'd02c-ec62')
  })
  it('a refusal tells its numbers, with moments as people write them', () => {
    assert.deepEqual(viewRefusal({ code: 'MARKET_CLOSED', symbol: 'AAPL', nextOpenAt: NOW }), {
      code: 'MARKET_CLOSED',
      transient: true,
      text: 'The market of AAPL is closed until 2026-11-24 15:00:00 UTC. Wait for the open; a signal that expires before it is lost.',
      facts: { symbol: 'AAPL', nextOpenAt: '2026-11-24T15:00:00.000000Z' },
    })
    assert.deepEqual(
      viewRefusal({ code: 'EQUITY_NOT_POSITIVE', equity: amt('-1.50'), currency: ACCOUNT.currency }).facts,
      { equity: '-1.50', currency: 'USD' },
    )
  })
  it('a refusal by a halt names who halted, as people know them', () => {
    const { text, facts } = viewRefusal(
      { code: 'TRADING_HALTED', ...HALT, by: 'usr_1', reason: 'odd prices' },
      () => 'Ana',
    )
    assert.match(text, /^Trading was halted by Ana at /)
    assert.equal(facts['by'], 'usr_1')
  })
})

describe('CSV', () => {
  const rows: readonly (readonly [string | number | boolean | null, string])[] = [
    ['plain', 'plain'],
    [null, ''],
    ['-187.50', '-187.50'],
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1+1', "'-1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\tx', "'\tx"],
    ['＝1', "'＝1"],
    ['a,b', '"a,b"'],
    ['say "no"', '"say ""no"""'],
    ['=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'],
    ['two\nlines', '"two\nlines"'],
    [-5, '-5'],
    [true, 'true'],
  ]
  for (const [cell, written] of rows)
    it(JSON.stringify(cell), () => assert.equal(csv([['c', () => cell]], [0]), `c\r\n${written}\r\n`))
})

describe('events', () => {
  const row = (change: Partial<Row>): Row => ({
    v: 1,
    seq: 7,
    ts: '2026-11-24T15:00:00.000000Z',
    boot: 'b',
    mono: '0',
    prev: '',
    action: 'x',
    actor: { type: 'system', id: 'gateway', via: 'worker', session: null },
    object: { type: 'order', id: 'jx-1', rev: 0 },
    corr: 'c',
    data: {},
    ...change,
  })
  const name = (id: string): string => (id === 'usr_1' ? 'Ana' : id)
  it('what this version does not know, or cannot read, is told in general terms', () => {
    assert.equal(sentence(row({ action: 'order.teleported' }), name), 'The gateway: order teleported (order jx-1).')
    assert.equal(
      sentence(row({ action: 'intent.ticketed', data: {} }), name),
      'The gateway: intent ticketed (order jx-1).',
    )
    assert.equal(sentence(row({ action: 'toString' }), name), 'The gateway: toString (order jx-1).')
  })
  it('people go by their names', () => {
    const actor = { type: 'person', id: 'usr_1', via: 'web', session: 's' } as const
    assert.equal(
      sentence(row({ action: 'order.cancel-requested', actor, data: { why: 'asked' } }), name),
      'Ana asked to cancel jx-1: asked.',
    )
  })
  it('nothing that opens a door is shown, at any depth', () => {
    const data = {
      session: { hash: 'h', csrf: 'c', personID: 'usr_1', via: 'web' },
      codeHash: 'x',
      list: [{ token: { hash: 'h', name: 'n' } }],
    }
    assert.deepEqual(viewEvent(row({ action: 'session.opened', data }), name, true).data, {
      session: { personID: 'usr_1', via: 'web' },
      list: [{ token: { name: 'n' } }],
    })
    assert.deepEqual(viewEvent(row({ action: 'session.opened', data }), name, false).data, {})
    for (const action of ['passkey.enrolled', 'passkey.revoked', 'link.made', 'change.proposed', 'person.changed'])
      assert.deepEqual(viewEvent(row({ action, data }), name, false).data, {}, action)
  })
})
