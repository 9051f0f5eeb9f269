import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Change, Intent, PasskeyAsk, Terms } from '../../api/wire.ts'
import { type Believed, canonicalChange, canonicalOrder, faultOf, fingerprintOf, hashOf } from './rebuild.ts'

const TERMS: Terms = {
  symbol: 'AAPL',
  side: 'Buy',
  ordType: 'Limit',
  timeInForce: 'Day',
  orderQty: '10',
  price: '187.50',
  stopPx: null,
  bracket: { stopPx: '185.00', targetPx: '192.50', stopLimitPx: '175.75' },
  reduceOnly: false,
}
const TICKET: NonNullable<Intent['ticket']> = {
  terms: TERMS,
  maxNotional: '1880.00',
  currency: 'USD',
  refPx: '187.20',
  refAt: '2026-11-22T15:13:20.000000Z',
  maxDriftBps: 50,
  environment: 'paper',
  broker: 'alpaca',
}
const digestOf = (terms: Partial<Terms>): Promise<string> =>
  hashOf(
    'jax-order-v1',
    canonicalOrder(
      { intentID: 'sig-42', account: 'paper:alpaca:1', ticket: { ...TICKET, terms: { ...TERMS, ...terms } } },
      3,
      'us_equity',
    ),
  )

/** What the gateway's own code makes of the same: two writings of one rule, held together by these. */
const ORDERS: readonly (readonly [string, Partial<Terms>, string])[] = [
  ['a limit order with stop and target', {}, 'qCVswWgPqZRgJ7KMPV5zn1OpXo4YG0i_bOgMGb81Q4M'],
  [
    'a stop order without a target',
    { ordType: 'Stop', price: null, stopPx: '187.50', bracket: { stopPx: '185.00', targetPx: null } },
    'c4lO5JiL6lmNGodFLmbsrul5-k1kYYC9lSrlTcQrsDs',
  ],
  [
    'a market order without a stop',
    { ordType: 'Market', price: null, bracket: null },
    'dHc6kv7Jx2Kldn0WTybfCSi7r6kH9uGInpnESfRzgl0',
  ],
]

const CHANGES: readonly (readonly [string, Change['what'], string])[] = [
  [
    'a policy',
    {
      kind: 'approval policy',
      before: 0,
      policy: {
        version: 1,
        rules: [
          {
            name: 'paper',
            environment: 'paper',
            level: 'L2',
            quorum: 1,
            notionalAbove: '100.50',
            approvalTtlMs: 60_000,
          },
        ],
        autoMaxNotional: null,
        changes: { level: 'L1', quorum: 1 },
      },
    },
    'Wd5lEDvCJZYe0TF5ydWswBRQuIOhAqQIXssdFlqRww4',
  ],
  [
    'a person',
    {
      kind: 'person',
      personID: 'per_2',
      name: 'Ben',
      before: { roles: ['trader'], disabled: false },
      after: { roles: ['trader', 'risk'], disabled: false },
    },
    'xG9AA5RJdEbM8mtHp5FuStoSCV2FmzWJB0l6JlgqQgY',
  ],
  [
    'a passkey',
    { kind: 'passkey revoked', credentialID: 'abc', personID: 'per_2', name: 'laptop' },
    'Y7Io2KmtmtwsHRvbGG1PFSEJTiI-gyuArA77thGduQA',
  ],
]

describe('what is signed, made again from the screen', () => {
  for (const [name, terms, digest] of ORDERS) it(name, async () => assert.equal(await digestOf(terms), digest))
  for (const [name, what, digest] of CHANGES)
    it(`the change of ${name}`, async () =>
      assert.equal(await hashOf('jax-change-v1', canonicalChange(what, 'per_1')), digest))
  it('has the fingerprint that people compare', () => {
    assert.equal(fingerprintOf('0CzsYl74tig7is-FqM3NzAB851lHM62ejkUHO28vCC0'), 'd02c-ec62')
    assert.equal(fingerprintOf('<b>'), '<b>')
  })
})

const DIGEST = '0CzsYl74tig7is-FqM3NzAB851lHM62ejkUHO28vCC0'
const ENVELOPE = {
  v: 1,
  purpose: 'jax.approval',
  approval_id: 'apr_01',
  approver: 'usr_alice',
  decision: 'approve',
  expires_at: '2026-11-22T15:18:20Z',
  nonce: 'AAECAwQFBgcICQoLDA0ODw',
  order_digest: DIGEST,
  policy_version: '7',
}
const ASK: PasskeyAsk = {
  envelope: ENVELOPE,
  options: { challenge: '7JjKY4GulIadGRusD1OGQ2lEQV5Im2GgKpP-u4A0Dhg' },
}
const BELIEVED: Believed = {
  purpose: 'jax.approval',
  approvalID: 'apr_01',
  shown: { digest: DIGEST, fingerprint: 'd02c-ec62' },
  rebuilt: DIGEST,
  me: { id: 'usr_alice' },
}

/** An ask whose challenge fits its envelope, as one would be that a bad gateway makes. */
const askFor = async (change: Readonly<Record<string, unknown>>): Promise<PasskeyAsk> => {
  const envelope = { ...ENVELOPE, ...change }
  return { envelope, options: { challenge: await hashOf('jax-approval-v1', envelope) } }
}
const OTHER = 'qCVswWgPqZRgJ7KMPV5zn1OpXo4YG0i_bOgMGb81Q4M'

const LIES: readonly (readonly [string, PasskeyAsk | Promise<PasskeyAsk>, Partial<Believed>, RegExp])[] = [
  ['a field on the screen that is not in the order', ASK, { rebuilt: OTHER }, /has the fingerprint a825-6cc1/],
  [
    'another fingerprint beside the right digest',
    ASK,
    { shown: { digest: DIGEST, fingerprint: 'ffff-0000' } },
    /calls it ffff-0000/,
  ],
  ['nothing to compare', { ...ASK, envelope: null }, {}, /did not say/],
  ['another order', askFor({ order_digest: OTHER }), {}, /something with the fingerprint a825-6cc1/],
  ['another intent', askFor({ approval_id: 'apr_02' }), {}, /another decision/],
  ['another person', askFor({ approver: 'usr_bob' }), {}, /another decision/],
  ['a no for a yes', askFor({ decision: 'reject' }), {}, /another decision/],
  ['a change for an order', askFor({ purpose: 'jax.change' }), {}, /another decision/],
  ['a field that nobody knows', askFor({ also: 'this' }), {}, /another decision/],
  ['a challenge of something else', { ...ASK, options: { challenge: OTHER } }, {}, /another decision/],
]

describe('a passkey is not asked', () => {
  it('unless all agrees', async () => assert.equal(await faultOf(ASK, BELIEVED), null))
  for (const [name, ask, believed, why] of LIES)
    it(`to sign ${name}`, async () => assert.match((await faultOf(await ask, { ...BELIEVED, ...believed })) ?? '', why))
})
