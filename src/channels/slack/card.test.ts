import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Card, CardState } from '../../ports/channel.ts'
import { wrongInBlocks, wrongInView } from '../../simulators/slack/blockkit.ts'
import type { IntentID } from '../../values/brand.ts'
import { type Instant, parseInstant } from '../../values/instant.ts'
import { locatorIn, messageOf, reasonFor, reasonView, valueOf, whisper } from './card.ts'
import { HARMFUL, NASTY } from './nasty.contract.ts'

const CARD: Card = {
  gateway: 'gAtEwAy0123456_-',
  intentID: 'apr_01' as IntentID,
  rev: 3,
  digest: '0CzsYl74tig7is-FqM3NzAB851lHM62ejkUHO28vCC0',
  fingerprint: 'd02c-ec62',
  environment: 'paper',
  title: 'BUY 10 AAPL',
  facts: [
    { name: 'Limit', value: '187.50 DAY' },
    { name: 'Max notional', value: '1880.00 USD' },
    { name: 'Ref', value: '187.20 @ 15:13:20Z' },
  ],
  reasoning: 'Breakout above <the> range',
  state: 'waiting',
  stateText: 'Waits for one yes.',
  decideBy: parseInstant('2026-11-22T15:18:20Z'),
  takesYes: true,
  url: 'https://jax.example/a/apr_01',
}
const plainText = (text: string) => ({ type: 'plain_text', text, emoji: false })
const FIELDS = ['Limit: 187.50 DAY', 'Max notional: 1880.00 USD', 'Ref: 187.20 @ 15:13:20Z'].map(plainText)
const WHY = {
  type: 'section',
  block_id: 'why',
  text: plainText("Why, in the proposer's words: Breakout above <the> range"),
}
const OPEN = {
  type: 'button',
  action_id: 'apr.open',
  text: plainText('Open in Jax'),
  url: 'https://jax.example/a/apr_01',
}
const REJECT = {
  type: 'button',
  action_id: 'apr.reject',
  text: plainText('Reject'),
  style: 'danger',
  value: 'v2|gAtEwAy0123456_-|apr_01|3|0CzsYl74tig7is-F',
}
const METADATA = { event_type: 'jax_approval', event_payload: { intent_id: 'apr_01', rev: 3 } }

describe('a card', () => {
  it('that waits has its buttons', () => {
    assert.deepEqual(messageOf(CARD), {
      text: 'Approval needed: PAPER BUY 10 AAPL, Limit 187.50 DAY, fingerprint d02c-ec62, decide by 2026-11-22T15:18:20Z',
      blocks: [
        { type: 'header', text: plainText('PAPER · BUY 10 AAPL') },
        { type: 'section', block_id: 'facts.1', fields: FIELDS },
        WHY,
        {
          type: 'context',
          block_id: 'foot',
          elements: [plainText('fingerprint d02c-ec62 · decide by 2026-11-22T15:18:20Z · Waits for one yes.')],
        },
        {
          type: 'actions',
          block_id: 'apr',
          elements: [
            {
              type: 'button',
              action_id: 'apr.approve',
              text: plainText('Approve'),
              style: 'primary',
              value: 'v2|gAtEwAy0123456_-|apr_01|3|0CzsYl74tig7is-F',
              confirm: {
                title: plainText('Approve this order?'),
                text: plainText(
                  'PAPER BUY 10 AAPL · Limit 187.50 DAY · Max notional 1880.00 USD · fingerprint d02c-ec62',
                ),
                confirm: plainText('Approve'),
                deny: plainText('Back'),
                style: 'primary',
              },
            },
            REJECT,
            OPEN,
          ],
        },
      ],
      metadata: METADATA,
    })
  })

  it('whose yes counts on the page only has no button for it', () => {
    const { blocks } = messageOf({ ...CARD, environment: 'live', takesYes: false })
    assert.deepEqual(blocks.at(-1), { type: 'actions', block_id: 'apr', elements: [REJECT, OPEN] })
    assert.match(JSON.stringify(blocks.at(-2)), /a yes counts only on the page/)
    assert.match(JSON.stringify(blocks[0]), /LIVE · BUY 10 AAPL/)
  })

  it('that was decided says what became of it, and only leads to the page', () => {
    const stateText = 'Approved by Ana via Slack at 15:13:22Z.'
    assert.deepEqual(messageOf({ ...CARD, state: 'approved', stateText, decideBy: null }), {
      text: `PAPER BUY 10 AAPL: ${stateText}`,
      blocks: [
        { type: 'header', text: plainText('PAPER · BUY 10 AAPL') },
        { type: 'section', block_id: 'state', text: plainText(stateText) },
        { type: 'section', block_id: 'facts.1', fields: FIELDS },
        WHY,
        { type: 'context', block_id: 'foot', elements: [plainText('fingerprint d02c-ec62')] },
        { type: 'actions', block_id: 'apr', elements: [OPEN] },
      ],
      metadata: METADATA,
    })
  })

  it('with an address that Slack would not take does without its link', () => {
    for (const url of [
      'javascript:alert(1)',
      'not an address',
      '',
      `https://jax.example/${'x'.repeat(3000)}`,
      'https://ana:pw@jax.example/',
    ])
      assert.deepEqual(messageOf({ ...CARD, state: 'sent', url }).blocks.at(-1)?.type, 'context', url)
  })

  it('keeps every limit, and says nothing harmful, whatever it is made of', () => {
    const hostile = fc.oneof(
      fc.constantFrom(...NASTY),
      fc.string({
        unit: fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point)),
        maxLength: 60,
      }),
      fc.array(fc.constantFrom(...NASTY), { maxLength: 3 }).map((parts) => parts.join(' ')),
    )
    const states: CardState[] = ['waiting', 'approved', 'declined', 'expired', 'withdrawn', 'refused', 'sent', 'ended']
    const cards: fc.Arbitrary<Card> = fc.record({
      gateway: fc.constant(CARD.gateway),
      intentID: fc.stringMatching(/^[A-Za-z0-9_:.-]{3,64}$/).map((id) => id as IntentID),
      rev: fc.integer({ min: 0, max: 9999 }),
      digest: fc.constant(CARD.digest),
      fingerprint: hostile,
      environment: fc.constantFrom('paper', 'live'),
      title: hostile,
      facts: fc.array(fc.record({ name: hostile, value: hostile }), { maxLength: 60 }),
      reasoning: fc.option(hostile),
      state: fc.constantFrom(...states),
      stateText: hostile,
      decideBy: fc.option(fc.constant(CARD.decideBy as Instant)),
      takesYes: fc.boolean(),
      url: fc.oneof(fc.constant(CARD.url), hostile),
    })
    fc.assert(
      fc.property(cards, (card) => {
        const { blocks, metadata, text } = messageOf(card)
        assert.deepEqual(wrongInBlocks(blocks, 'message'), [])
        assert.doesNotMatch(text, HARMFUL)
        assert.doesNotMatch(text, /[<>]|&(?!(amp|lt|gt);)/)
        assert.ok(text.length > 0 && text.length <= 1000)
        assert.ok(JSON.stringify(metadata).length < 500)
        for (const element of elementsIn(blocks)) {
          assert.equal(element['type'], 'plain_text')
          assert.equal(element['emoji'], false)
          assert.doesNotMatch(String(element['text']), HARMFUL)
        }
        const buttons = JSON.stringify(blocks)
        assert.equal(buttons.includes('apr.approve'), card.state === 'waiting' && card.takesYes)
        assert.equal(buttons.includes('"apr.reject"'), card.state === 'waiting')
      }),
      { numRuns: 150 },
    )
  })
})

describe('what a button holds', () => {
  it('leads back to the ticket, for every id there may be', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9_-]{16}$/),
        fc.stringMatching(/^[A-Za-z0-9._:-]{3,64}$/),
        fc.integer({ min: 0, max: 999_999_999 }),
        fc.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        (gateway, id, rev, digest) => {
          const intentID = id as IntentID
          const value = valueOf({ gateway, intentID, rev, digest })
          assert.ok(value.length <= 2000)
          assert.deepEqual(locatorIn(value), { gateway, intentID, rev, digest: digest.slice(0, 16) })
        },
      ),
    )
  })
  it('cannot be confused by a bar in an id', () => {
    const value = valueOf({ ...CARD, intentID: 'a|9|AAAAAAAAAAAAAAAA' as IntentID })
    assert.equal(value.split('|').length, 5)
    assert.equal(locatorIn(value), null)
  })
  for (const value of [
    '',
    'v1|apr_01|3|0CzsYl74tig7is-F',
    'v2|apr_01|3|0CzsYl74tig7is-F',
    'v2||apr_01|3|0CzsYl74tig7is-F',
    'v2|gAtEwAy0123456_|apr_01|3|0CzsYl74tig7is-F',
    'v2|gAtEwAy0123456_-|apr_01|3|0CzsYl74tig7is-',
    'v2|gAtEwAy0123456_-|apr_01|03|0CzsYl74tig7is-F',
    'v2|gAtEwAy0123456_-|apr_01|-3|0CzsYl74tig7is-F',
    'v2|gAtEwAy0123456_-|apr 01|3|0CzsYl74tig7is-F',
    'v2|gAtEwAy0123456_-|%61pr_01|3|0CzsYl74tig7is-F',
    'v2|gAtEwAy0123456_-|%|3|0CzsYl74tig7is-F',
    'v2|gAtEwAy0123456_-|apr_01|3|0CzsYl74tig7is-F\n',
    'v2|gAtEwAy0123456_-|..|3|0CzsYl74tig7is-F',
    'v2|gAtEwAy0123456_-|apr_01|3|0CzsYl74tig7is-F|more',
  ])
    it(`is not read when it is ${JSON.stringify(value)}`, () => assert.equal(locatorIn(value), null))
})

describe('the window for a reason', () => {
  const place = { conversation: 'C0PAPER', message: '1700000000.000100' }
  it('is one that Slack opens, and leads back to the order', () => {
    const view = reasonView(CARD, place)
    assert.deepEqual(wrongInView(view), [])
    assert.deepEqual(reasonFor(view.private_metadata ?? ''), { gateway: CARD.gateway, intentID: 'apr_01', place })
  })
  for (const metadata of [
    '',
    'null',
    '[]',
    '{"gateway":"g","intent_id":"apr 01","channel":"C","ts":"1"}',
    '{"gateway":"g","intent_id":"apr_01"}',
    '{"intent_id":"apr_01","channel":"C","ts":"1"}',
  ])
    it(`leads nowhere from ${JSON.stringify(metadata)}`, () => assert.equal(reasonFor(metadata), null))
})

it('an answer for one person keeps its lines and is escaped where it is no block', () => {
  assert.deepEqual(whisper('Halted.\n<!channel> & more'), {
    text: 'Halted.\n&lt;!channel&gt; &amp; more',
    blocks: [{ type: 'section', text: plainText('Halted.\n<!channel> & more') }],
  })
})

/** Every text object in it. */
function elementsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return []
  const inside = Object.values(value).flatMap(elementsIn)
  return 'emoji' in value || ('text' in value && typeof value.text === 'string') ? [{ ...value }, ...inside] : inside
}
