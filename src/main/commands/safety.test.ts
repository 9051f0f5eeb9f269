import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Halt } from '../../api/wire.ts'
import { type Client, ProblemAnswer } from '../client.ts'
import { Stop } from '../exit.ts'
import { released } from './safety.ts'

/** A gateway that has compared its books after so many tries, and whose halt is this one at each look. */
function gateway(halts: readonly Pick<Halt['halts'][number], 'since' | 'level'>[], compares: number) {
  let [looks, tries] = [0, 0]
  const client: Pick<Client, 'halted' | 'resume'> = {
    halted: async () => {
      const now = halts[Math.min(looks++, halts.length - 1)]
      return {
        halts: [{ scope: 'global', by: 'ben', reason: 'smoke in the room', open: [], ...now }],
      } as unknown as Halt
    },
    resume: async () => {
      if (tries++ >= compares) return client.halted()
      const problem = { code: 'UNRECONCILED', status: 409, title: '', detail: '', type: '' } as ProblemAnswer['problem']
      throw new ProblemAnswer(problem)
    },
  }
  return { client, tries: () => tries }
}
const LUNCH = { since: '2026-11-24T12:00:00.000000Z', level: 'K2' } as const

it('a release waits for the comparison of the halt that it means', async () => {
  const { client, tries } = gateway([LUNCH], 1)
  await released(client, 'lunch is over')
  assert.equal(tries(), 2)
})
it('a release is not tried again for a halt that came meanwhile', async () => {
  const { client, tries } = gateway([LUNCH, { since: '2026-11-24T12:59:59.000000Z', level: 'K4' }], 1)
  await assert.rejects(
    released(client, 'lunch is over'),
    (error) => error instanceof Stop && error.code === 'HALTED_AGAIN' && /smoke in the room/.test(error.message),
  )
  assert.equal(tries(), 1)
})
