import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CardState } from '../../ports/channel.ts'
import { bench, cardOf, content, type Fate, FakeChannel, id, quiet } from './bench.contract.ts'
import { isFinal } from './posted.ts'

const NAMES = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6'] as const
const OPEN: readonly CardState[] = ['waiting', 'waiting', 'approved', 'sent']
const END: readonly CardState[] = ['declined', 'expired', 'withdrawn', 'refused', 'ended']

type Act =
  | { readonly act: 'change'; readonly name: string; readonly state: CardState }
  | { readonly act: 'fate'; readonly channel: 0 | 1; readonly fates: readonly Fate[] }
  | { readonly act: 'pass'; readonly ms: number }
  | { readonly act: 'wake' | 'arrive' | 'crash' | 'bad disk' }

const change = fc.record({
  act: fc.constant('change' as const),
  name: fc.constantFrom(...NAMES),
  state: fc.constantFrom(...OPEN, ...END),
})
const pass = fc.record({ act: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 40_000 }) })
const plain = (...acts: ('wake' | 'arrive' | 'crash' | 'bad disk')[]) => fc.record({ act: fc.constantFrom(...acts) })
const fateOf = (...fates: Fate[]) =>
  fc.record({
    act: fc.constant('fate' as const),
    channel: fc.constantFrom(0 as const, 1 as const),
    fates: fc.array(fc.constantFrom<Fate>('works', ...fates), { minLength: 1, maxLength: 5 }),
  })

/** Lives one story with a running outbox; afterwards nothing fails any more and everything comes to rest. */
async function live(acts: readonly Act[], draws: readonly number[]) {
  let drawn = 0
  const b = bench([new FakeChannel('slack'), new FakeChannel('teams')], () => draws[drawn++ % draws.length] ?? 0)
  const { book, channels, clock } = b
  let outbox = b.boot()
  let stop = new AbortController()
  let running = outbox.run(stop.signal)
  for (const act of acts) {
    if (act.act === 'change') {
      const rev = (book.cards.get(id(act.name))?.rev ?? 0) + 1
      book.write(cardOf(act.name, act.state, { rev }))
    } else if (act.act === 'fate') {
      let n = 0
      // Who never will show the end, never does: that it is retried is not promised.
      const safe = (fate: Fate, end: boolean): Fate => (fate === 'never' && end ? 'later' : fate)
      const channel = channels[act.channel] as FakeChannel
      channel.fate = (card) => safe(act.fates[n++ % act.fates.length] ?? 'works', isFinal(card))
    } else if (act.act === 'pass') await clock.pass(act.ms)
    else if (act.act === 'wake') b.wake()
    else if (act.act === 'arrive') for (const channel of channels) channel.arrive()
    else if (act.act === 'bad disk') {
      let n = 0
      book.fault = (what) => {
        if (/^(put|drop)/.test(what) && n++ % 3 !== 0) throw new Error('disk full')
      }
    } else {
      stop.abort()
      outbox = b.boot()
      stop = new AbortController()
      running = outbox.run(stop.signal)
    }
    await quiet()
  }
  book.fault = () => {}
  for (const channel of channels) {
    channel.fate = () => 'works'
    channel.arrive()
  }
  await clock.pass(200)
  // Given up is what was never taken: every order goes on once more, to its end.
  for (const card of Array.from(book.cards.values())) {
    const state = isFinal(card) ? card.state : 'ended'
    book.write(cardOf(card.intentID, state, { rev: card.rev + (isFinal(card) ? 0 : 1) }))
  }
  b.wake()
  // Longer than the longest wait.
  await clock.pass(310_000)
  stop.abort()
  await running
  return { ...b, outbox }
}

describe('whatever changes and whatever fails', () => {
  const draws = fc.array(fc.double({ min: 0.01, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 7 })

  it('every channel ends with the final content of each card it was asked to show', async () => {
    const acts: fc.Arbitrary<Act> = fc.oneof(
      { arbitrary: change, weight: 4 },
      { arbitrary: fateOf('later', 'lost', 'throws', 'never', 'hang', { afterMs: 20_000 }), weight: 3 },
      { arbitrary: pass, weight: 3 },
      { arbitrary: plain('wake', 'arrive', 'crash', 'bad disk'), weight: 2 },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(acts, { maxLength: 25 }), draws, async (story, drawn) => {
        const { book, channels, outbox } = await live(story, drawn)
        assert.deepEqual([...book.rows.values()], [], 'rows are left')
        assert.deepEqual(outbox.troubles(), [])
        for (const channel of channels)
          for (const name of new Set(channel.calls.map(({ intentID }) => intentID))) {
            const shown = [...channel.messages.values()].filter((card) => card.intentID === name)
            const wanted = content(book.cards.get(id(name)))
            assert.ok(
              shown.some((card) => content(card) === wanted),
              `${channel.name} shows ${name} as ${shown.map(({ state, rev }) => `${state} ${rev}`).join()}`,
            )
          }
      }),
      { numRuns: 100 },
    )
  })

  it('no card is posted twice while it goes on, as long as no answer is lost and nobody pulls the plug', async () => {
    const acts: fc.Arbitrary<Act> = fc.oneof(
      {
        arbitrary: change.map((c) => ({ ...c, state: isFinal(cardOf('x', c.state)) ? 'sent' : c.state }) as const),
        weight: 4,
      },
      { arbitrary: fateOf('later', 'throws', 'never', { afterMs: 20_000 }), weight: 3 },
      { arbitrary: pass, weight: 3 },
      { arbitrary: plain('wake', 'bad disk'), weight: 2 },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(acts, { maxLength: 25 }), draws, async (story, drawn) => {
        const { book, channels } = await live(story, drawn)
        for (const channel of channels)
          for (const name of NAMES) {
            const wanted = channel.calls.some(({ intentID }) => intentID === name)
            const shown = [...channel.messages.values()].filter((card) => card.intentID === name)
            assert.deepEqual(shown.map(content), wanted ? [content(book.cards.get(id(name)))] : [])
          }
      }),
      { numRuns: 60 },
    )
  })
})
