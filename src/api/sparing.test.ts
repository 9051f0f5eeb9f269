import assert from 'node:assert/strict'
import { it } from 'node:test'
import { instant } from '../values/instant.ts'
import { sparing } from './sparing.ts'

it('a few lines of a kind at once, then one now and again, which says how many were left out', () => {
  let nowMs = 0
  const written: (readonly [kind: string, leftOut: number])[] = []
  const strangers = sparing(() => instant(nowMs * 1000), 3, 1000)
  const say = (kind: string, times: number): void => {
    for (let i = 0; i < times; i++) strangers(kind, ({ leftOut = 0 }) => written.push([kind, leftOut]))
  }
  say('a', 5)
  say('b', 1)
  nowMs = 999
  say('a', 1)
  nowMs = 1000
  say('a', 2)
  nowMs = 3000
  say('a', 1)
  assert.deepEqual(written, [
    ['a', 0],
    ['a', 0],
    ['a', 0],
    ['b', 0],
    ['a', 3],
    ['a', 1],
  ])
})
