import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Card, CardState } from '../../ports/channel.ts'
import { wrongWith } from '../../simulators/teams/card.ts'
import { render } from '../../simulators/teams/markdown.ts'
import { type AdaptiveCard, CARD_BYTES_MAX, cardOf, confirmCardOf, isWhole, summaryOf } from './card.ts'
import { CARD } from './example.contract.ts'

const LOCATOR = { g: 'gAtEwAy0123456_-', a: 'sig-1', r: 3, d: '0CzsYl74tig7is-F' }
const SCHEMA = 'http://adaptivecards.io/schemas/adaptive-card.json'
const ORDER = (stateText: object) => [
  { type: 'TextBlock', text: 'PAPER - BUY 10 AAPL', wrap: true, size: 'Large', weight: 'Bolder' },
  { type: 'TextBlock', wrap: true, ...stateText },
  {
    type: 'FactSet',
    facts: [
      { title: 'Limit', value: '187.50 DAY' },
      { title: 'Max notional', value: '1880.00 USD' },
      { title: 'Fingerprint', value: 'd02c-ec62' },
      { title: 'Decide by', value: '2026-11-22 15:18:20 UTC' },
    ],
  },
  { type: 'TextBlock', text: 'Why: Breakout over 187 on volume', wrap: true, isSubtle: true, separator: true },
]
const WAITS = { text: 'Waits for one yes.' }
const INPUT = {
  type: 'Input.Text',
  id: 'reason',
  label: 'Reason',
  placeholder: 'Why not? Kept with the rejection.',
  maxLength: 500,
}
const execute = (title: string, verb: string, more: object) => ({
  type: 'Action.Execute',
  title,
  verb,
  data: LOCATOR,
  ...more,
})
const APPROVE = execute('Approve', 'apr.approve', { style: 'positive', associatedInputs: 'none' })
const REJECT = execute('Reject', 'apr.reject', { style: 'destructive' })
const OPEN = { type: 'Action.OpenUrl', title: 'Open in Jax', url: 'https://jax.example/orders/sig-1' }

const titles = (card: AdaptiveCard): string[] => card.actions.map(({ title }) => title)
const STATES: readonly CardState[] = [
  'waiting',
  'approved',
  'declined',
  'expired',
  'withdrawn',
  'refused',
  'sent',
  'ended',
]

describe('a card', () => {
  it('of an order that waits', () =>
    assert.deepEqual(cardOf(CARD), {
      type: 'AdaptiveCard',
      $schema: SCHEMA,
      version: '1.5',
      refresh: { action: execute('Refresh', 'apr.refresh', { associatedInputs: 'none' }) },
      body: [...ORDER(WAITS), INPUT],
      actions: [APPROVE, REJECT, OPEN],
    }))

  it('that asks again', () =>
    assert.deepEqual(confirmCardOf(CARD), {
      type: 'AdaptiveCard',
      $schema: SCHEMA,
      version: '1.5',
      body: [
        { type: 'TextBlock', text: 'Approve exactly this order?', wrap: true, weight: 'Bolder', color: 'Warning' },
        ...ORDER(WAITS),
      ],
      actions: [
        execute('Yes, approve', 'apr.confirm', { style: 'positive', associatedInputs: 'none' }),
        execute('Back', 'apr.refresh', { associatedInputs: 'none' }),
        OPEN,
      ],
    }))

  it('of a decided order', () => {
    const decided: Card = { ...CARD, state: 'approved', stateText: 'Approved by Ana.', decideBy: null, reasoning: null }
    const [title, state, facts] = ORDER({ text: 'Approved by Ana.', color: 'Good' })
    assert.deepEqual(cardOf(decided), {
      type: 'AdaptiveCard',
      $schema: SCHEMA,
      version: '1.5',
      body: [title, state, { ...facts, facts: (facts as { facts: object[] }).facts.slice(0, 3) }],
      actions: [OPEN],
    })
  })

  it('of a live order says so', () => {
    const live = cardOf({ ...CARD, environment: 'live' })
    assert.deepEqual(live.body[0], { ...ORDER(WAITS)[0], text: 'LIVE - BUY 10 AAPL', color: 'Attention' })
    assert.equal(summaryOf({ ...CARD, environment: 'live' }), 'LIVE - BUY 10 AAPL')
  })

  for (const state of STATES)
    it(`has buttons for its state: ${state}`, () => {
      const waiting = state === 'waiting'
      assert.deepEqual(
        titles(cardOf({ ...CARD, state })),
        waiting ? ['Approve', 'Reject', 'Open in Jax'] : ['Open in Jax'],
      )
      assert.deepEqual(
        titles(cardOf({ ...CARD, state, takesYes: false })),
        waiting ? ['Reject', 'Open in Jax'] : ['Open in Jax'],
      )
      assert.equal(cardOf({ ...CARD, state }).refresh !== undefined, waiting)
    })

  it('asks for no yes to what it cannot show', () => {
    const facts = Array.from({ length: 21 }, (_, i) => ({ name: `F${i}`, value: `${i}` }))
    const card = { ...CARD, facts }
    assert.equal(isWhole(card), false)
    assert.deepEqual(titles(cardOf(card)), ['Reject', 'Open in Jax'])
    assert.match(JSON.stringify(cardOf(card)), /1 more facts do not fit/)
  })

  for (const url of [
    'javascript:alert(1)',
    'data:text/html,x',
    'nonsense',
    `https://x.example/${'é'.repeat(1000)}`,
    'file:///etc',
  ])
    it(`opens no such page: ${url.slice(0, 40)}`, () =>
      assert.deepEqual(titles(cardOf({ ...CARD, url })), ['Approve', 'Reject']))

  it('stays below the size that Teams takes, with everything at its longest', () => {
    for (const worst of ['*', '\\', '字', '🏳️‍🌈', '\u0001', '"', 'e\u0301', '&lt;', '<a']) {
      const long = worst.repeat(20_000)
      const card: Card = {
        ...CARD,
        intentID: 'x'.repeat(64) as Card['intentID'],
        rev: 999_999_999,
        title: long,
        fingerprint: long,
        stateText: long,
        reasoning: long,
        url: `https://jax.example/${'x'.repeat(1480)}`,
        facts: Array.from({ length: 40 }, () => ({ name: long, value: long })),
      }
      for (const each of [cardOf(card, long), confirmCardOf(card)]) {
        assert.ok(
          Buffer.byteLength(JSON.stringify(each)) < CARD_BYTES_MAX - 1024,
          `${worst} ${JSON.stringify(each).length}`,
        )
        assert.equal(wrongWith(each), null)
      }
    }
  })
})

// ---- every text in it, whatever it is ----

const NASTY = [
  '[Approve](https://evil.example)',
  '# x',
  '- x',
  '1. x',
  '**x**',
  '&#x202e;x',
  '<https://evil.example>',
  '\u202ex',
  'a\nb',
  '"},{"type":"Action.Execute"',
  '{{TIME(2026-01-01T00:00:00Z)}}',
  '![x](https://evil.example/x.png)',
  '\\',
  '\\[a](b)',
]
const hostile = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.constantFrom(...NASTY))
const anyCard: fc.Arbitrary<Card> = fc.record({
  gateway: fc.constant(CARD.gateway),
  intentID: fc.constant(CARD.intentID),
  rev: fc.nat(),
  digest: fc.constant(CARD.digest),
  fingerprint: hostile,
  environment: fc.constantFrom('paper', 'live'),
  title: hostile,
  facts: fc.array(fc.record({ name: hostile, value: hostile }), { maxLength: 5 }),
  reasoning: fc.option(hostile),
  state: fc.constantFrom(...STATES),
  stateText: hostile,
  decideBy: fc.constantFrom(null, CARD.decideBy),
  takesYes: fc.boolean(),
  url: fc.oneof(hostile, fc.constant(CARD.url)),
})
/** The texts of a card that are read as Markdown. */
const texts = (card: AdaptiveCard): string[] =>
  card.body.flatMap((element) =>
    element.type === 'TextBlock'
      ? [element.text]
      : element.type === 'FactSet'
        ? element.facts.flatMap(({ title, value }) => [title, value])
        : [],
  )

describe('hostile text in a card', () => {
  it('is shown as it is: no markup, no other button, nothing hidden', () => {
    fc.assert(
      fc.property(anyCard, hostile, (card, notice) => {
        for (const shown of [cardOf(card, notice), confirmCardOf(card)]) {
          for (const text of texts(shown)) {
            assert.doesNotMatch(render(text), /</, text)
            assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]|\]\(/)
          }
          for (const action of shown.actions)
            if (action.type === 'Action.Execute')
              assert.deepEqual(action.data, {
                g: card.gateway,
                a: card.intentID,
                r: card.rev,
                d: card.digest.slice(0, 16),
              })
            else assert.match(action.url, /^https?:\/\//)
        }
        assert.doesNotMatch(summaryOf(card), /[\u0000-\u001f\u202a-\u202e]/)
      }),
    )
  })
})
