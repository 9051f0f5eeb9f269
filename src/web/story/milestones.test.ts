import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Story } from '../../api/wire.ts'
import { makeWorld } from '../dev/world.ts'
import { milestones } from './milestones.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')

function seeded(): ReturnType<typeof makeWorld> {
  const world = makeWorld(
    () => NOW,
    () => {},
  )
  world.seed()
  return world
}

const world = seeded()
const road = (story: Story): string =>
  milestones(story)
    .map(({ name, state }) => `${name} ${state}`)
    .join(', ')

const rows: readonly (readonly [string, string])[] = [
  ['sig-0901', 'Received done, Sized done, Approved done, Sent done, Filled done'],
  ['sig-0904', 'Received done, Refused failed, Sent never, Filled never'],
  ['sig-0905', 'Received done, Sized done, Declined failed, Sent never, Filled never'],
  ['sig-0906', 'Received done, Sized done, Lapsed failed, Sent never, Filled never'],
  ['sig-0907', 'Received done, Sized done, Approved done, In doubt doubt, Filled ahead'],
  ['sig-0908', 'Received done, Sized done, Approved done, Sent done, Filled ahead'],
]

describe('the road of an intent', () => {
  for (const [id, expected] of rows) it(`${id}: ${expected}`, () => assert.equal(road(world.story(id)), expected))

  it('ends at the broker when the broker rejects', () => {
    const story = world.story('sig-0908')
    const orders = story.orders.map((order) => ({
      ...order,
      ordStatus: 'Rejected' as const,
      delivery: 'Rejected' as const,
    }))
    assert.equal(road({ ...story, orders }), 'Received done, Sized done, Approved done, Rejected failed, Filled never')
  })

  it('goes on with the order in the place of one that was changed', () => {
    const story = world.story('sig-0901')
    const first = story.orders.find(({ role }) => role === 'Entry')
    assert.ok(first)
    const changed = { ...first, ordStatus: 'Replaced' as const, replacedBy: 'r1' }
    const next = { ...first, clOrdID: 'r1', replaces: first.clOrdID, sentAt: first.updatedAt }
    const orders = story.orders.flatMap((order) => (order === first ? [changed, next] : [order]))
    const after = { ...story, orders, intent: { ...story.intent, clOrdID: 'r1' } }
    assert.deepEqual(milestones(after), milestones(story))
  })

  it('says when a second look refused what was sized', () => {
    const story = world.story('sig-0905')
    assert.equal(
      road({ ...story, intent: { ...story.intent, state: 'Refused', decision: null } }),
      'Received done, Sized done, Refused failed, Sent never, Filled never',
    )
  })

  it('measures each stretch', () => {
    assert.deepEqual(
      milestones(world.story('sig-0901')).map(({ tookMs }) => tookMs),
      [null, 38, 40_962, 64, 10_936],
    )
  })
})
