import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Card, CardState, Shown } from '../../ports/channel.ts'
import { fromMs, plusMs } from '../../values/instant.ts'
import { cardOf, id } from './bench.contract.ts'
import { afterShowing, contentOf, isDue, moveOf, nextDue, type Posted, unposted } from './posted.ts'

const NOW = fromMs(1_000_000_000)
const PLACE = { conversation: 'C1', message: 'm1' }
const row = (more: Partial<Posted> = {}): Posted => ({ ...unposted(id('I1'), NOW), ...more })
const showing = (card: Card): Posted => row({ place: PLACE, shown: contentOf(card) })

describe('what a channel needs', () => {
  const waiting = cardOf('I1')
  const changed = cardOf('I1', 'waiting', { rev: 2 })
  const expired = cardOf('I1', 'expired')
  const sent = cardOf('I1', 'sent')
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, row: Posted | null, card: Card | null, move: string])[] = [
    ['an order that waits, and no card',              null,             waiting, 'show'],
    ['an order that waits on its card',               showing(waiting), waiting, 'nothing'],
    ['another order on its card',                     showing(waiting), changed, 'show'],
    ['an order that ran out of time on its card',     showing(waiting), expired, 'show'],
    ['a card that shows the end',                     showing(expired), expired, 'drop'],
    ['a card that shows a state which may go on',     showing(sent),    sent,    'nothing'],
    ['an order that is over, and no card',            null,             expired, 'nothing'],
    ['an order that was sent, and no card',           null,             sent,    'nothing'],
    ['an order that waits, and a post without answer', row(),           waiting, 'show'],
    ['an order that is over, and a post without answer', row(),         expired, 'show'],
    ['no such order, and a card',                     showing(waiting), null,    'drop'],
    ['no such order, and no card',                    null,             null,    'nothing'],
  ]
  for (const [what, stored, card, move] of rows) it(`${what}: ${move}`, () => assert.equal(moveOf(stored, card), move))

  it('is done with once a state is shown that no order leaves', () => {
    const states: CardState[] = ['waiting', 'approved', 'sent', 'declined', 'expired', 'withdrawn', 'refused', 'ended']
    const done = states.filter((state) => moveOf(showing(cardOf('I1', state)), cardOf('I1', state)) === 'drop')
    assert.deepEqual(done, ['declined', 'expired', 'withdrawn', 'refused', 'ended'])
  })
})

describe('the name of a content', () => {
  const card = cardOf('I1', 'waiting', { decideBy: NOW, reasoning: 'why' })
  const others: Partial<Card>[] = [
    { intentID: id('I2') },
    { rev: 2 },
    { digest: 'B' },
    { fingerprint: '1' },
    { environment: 'live' },
    { title: 'SELL' },
    { facts: [{ name: 'Limit', value: '187.51 DAY' }] },
    { facts: [] },
    { reasoning: null },
    { state: 'approved' },
    { stateText: 'other' },
    { decideBy: null },
    { takesYes: false },
    { url: 'https://jax.example/' },
  ]
  for (const other of others)
    it(`is another for ${JSON.stringify(other)}`, () =>
      assert.notEqual(contentOf({ ...card, ...other }), contentOf(card)))

  it('does not depend on the order in which the fields were written', () => {
    const backwards = Object.fromEntries(Object.entries(card).reverse()) as unknown as Card
    const facts = card.facts.map(({ name, value }) => ({ value, name }))
    assert.equal(contentOf({ ...backwards, facts }), contentOf(card))
  })
  it('exists for a text that is none', () => {
    assert.notEqual(contentOf({ ...card, title: '\ud800' }), contentOf({ ...card, title: '\udc00' }))
  })
})

describe('the row after a try', () => {
  const card = cardOf('I1')
  const later = (afterMs: number | null): Shown => ({ outcome: 'later', afterMs, text: 'busy' })
  // biome-ignore format: a table reads in columns
  const waits: readonly (readonly [attempts: number, asked: number | null, random: number, ms: number])[] = [
    [0,     null,      0,     0],
    [0,     null,      0.5,   500],
    [1,     null,      0.5,   1_000],
    [5,     null,      0.5,   16_000],
    [8,     null,      0.5,   128_000],
    [9,     null,      0.5,   150_000],
    [5_000, null,      0.5,   150_000],
    [0,     30_000,    0.999, 30_000],
    [9,     30_000,    0.5,   150_000],
    [0,     -5,        0,     0],
    [0,     NaN,       0,     0],
    [0,     Infinity,  0,     3_600_000],
  ]
  for (const [attempts, asked, random, ms] of waits)
    it(`is due in ${ms} ms after ${attempts + 1} failures, asked for ${asked}, at ${random}`, () => {
      const after = afterShowing(row({ attempts, place: PLACE, shown: 'x' }), card, later(asked), NOW, random)
      assert.deepEqual(after, { ...row({ place: PLACE, shown: 'x' }), attempts: attempts + 1, dueAt: plusMs(NOW, ms) })
    })

  it('knows where the card stands and what is on it', () => {
    const after = afterShowing(row({ attempts: 3 }), card, { outcome: 'shown', place: PLACE }, NOW, 0)
    assert.deepEqual(after, showing(card))
  })
  it('is gone once the end was shown, or never can be', () => {
    const end = cardOf('I1', 'expired')
    assert.equal(afterShowing(row(), end, { outcome: 'shown', place: PLACE }, NOW, 0), null)
    assert.equal(afterShowing(row(), end, { outcome: 'never', text: 'no' }, NOW, 0), null)
    assert.notEqual(afterShowing(row(), end, later(null), NOW, 0), null)
  })
  it('keeps what stands there when the channel never takes the new content', () => {
    const before = showing(cardOf('I1', 'waiting', { rev: 7 }))
    assert.deepEqual(afterShowing({ ...before, attempts: 4 }, card, { outcome: 'never', text: 'no' }, NOW, 0), before)
  })
})

describe('the time of the next try', () => {
  it('is the earliest of those that failed', () => {
    const rows = [
      row({ attempts: 0, dueAt: plusMs(NOW, 1) }),
      row({ attempts: 2, dueAt: plusMs(NOW, 900) }),
      row({ attempts: 1, dueAt: plusMs(NOW, 800) }),
    ]
    assert.equal(nextDue(rows, NOW), plusMs(NOW, 800))
    assert.equal(nextDue(rows.slice(0, 1), NOW), null)
    assert.equal(nextDue([row({ attempts: 1, dueAt: plusMs(NOW, -900) })], NOW), NOW)
  })
  it('is now when the clock was set back by a day', () => {
    const far = row({ attempts: 1, dueAt: plusMs(NOW, 86_400_000) })
    assert.equal(isDue(far, NOW), true)
    assert.equal(nextDue([far], NOW), NOW)
  })
  it('is never further away than the longest pause', () => {
    fc.assert(
      fc.property(
        fc.nat(2_000),
        fc.option(fc.double()),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempts, afterMs, random) => {
          const after = afterShowing(
            row({ attempts }),
            cardOf('I1'),
            { outcome: 'later', afterMs, text: '' },
            NOW,
            random,
          )
          assert.ok(after && Number.isSafeInteger(after.dueAt))
          assert.ok(after.dueAt >= NOW && after.dueAt <= plusMs(NOW, 3_600_000))
          assert.equal(isDue(after, after.dueAt), true)
        },
      ),
    )
  })
})
