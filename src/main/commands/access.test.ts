import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Passkey, Person } from '../../api/wire.ts'
import type { Proposed } from '../client.ts'
import type { Context } from '../context.ts'
import { Stop } from '../exit.ts'
import { revokePasskey } from './access.ts'
import { revokePasskeyOf } from './approvals.ts'

const passkey = (credentialID: string, name: string, revokedAt: string | null = null) =>
  ({ credentialID, name, revokedAt }) as unknown as Passkey
const KEYS = [passkey('k1', 'laptop'), passkey('k2', 'phone'), passkey('k3', 'phone'), passkey('k4', 'old', 'then')]
const ben = { personID: 'usr_ben', name: 'Ben', roles: [], passkeys: KEYS } as unknown as Person

/** A gateway that remembers what it was asked for. */
function bench(people: readonly Person[]) {
  const asked: unknown[] = []
  const client = {
    url: '',
    people: async () => people,
    access: async () => ({ passkeys: KEYS }),
    propose: async (what: Proposed, reason: string) => {
      asked.push({ ...what, reason })
      return { state: 'Applied' }
    },
    revokePasskey: async (id: string) => void asked.push(id),
  }
  const out = { json: true, answer: () => {}, raw: () => {}, say: () => {} }
  return { asked, ctx: { client: () => client, out } as unknown as Context }
}

describe('a passkey is revoked by its name or id', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [which: string, id: string | null, says?: RegExp])[] = [
    ['laptop', 'k1'],
    ['k2',     'k2'],
    ['phone',  null, /several passkeys phone\.\nName it by its id:\n {2}k1 {2}laptop\n {2}k2 {2}phone\n {2}k3 {2}phone$/],
    ['old',    null, /no passkey old/],
    ['k4',     null, /no passkey k4/],
  ]
  for (const [which, id, says = /^$/] of rows)
    it(which, async () => {
      const [theirs, own] = [bench([ben]), bench([])]
      const runs = [
        [theirs, () => revokePasskeyOf(theirs.ctx, 'Ben', which, { reason: 'lost' })],
        [own, () => revokePasskey(own.ctx, which)],
      ] as const
      for (const [{ asked }, run] of runs)
        if (id === null)
          await assert.rejects(run(), (error) => {
            assert.ok(error instanceof Stop && error.exit === 'NOT_FOUND')
            assert.match([error.message, ...error.lines].join('\n'), says)
            assert.deepEqual(asked, [])
            return true
          })
        else await run()
      if (id === null) return
      assert.deepEqual(theirs.asked, [{ kind: 'passkey revoked', credentialID: id, reason: 'lost' }])
      assert.deepEqual(own.asked, [id])
    })

  it('of nobody: nothing is proposed', async () => {
    const { asked, ctx } = bench([ben])
    await assert.rejects(revokePasskeyOf(ctx, 'Bob', 'laptop', { reason: 'lost' }), /Nobody here goes by Bob/)
    assert.deepEqual(asked, [])
  })
  it('where whoever asks is shown none, the gateway decides', async () => {
    const { passkeys: _, ...hidden } = ben
    const { asked, ctx } = bench([hidden])
    await revokePasskeyOf(ctx, 'usr_ben', 'k9', { reason: 'lost' })
    assert.deepEqual(asked, [{ kind: 'passkey revoked', credentialID: 'k9', reason: 'lost' }])
  })
})
