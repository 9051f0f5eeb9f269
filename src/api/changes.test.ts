import assert from 'node:assert/strict'
import { it } from 'node:test'
import { softAuthenticator } from '../../test/soft-authenticator.ts'
import { type As, openHouse, ORIGIN } from './house.contract.ts'
import type * as wire from './wire.ts'

it('the page lets a governor who approves no orders sign a change', async () => {
  const house = await openHouse({ limits: { failedBurst: 1000, settleMs: 10 } })
  const post = async <T>(as: As, url: string, body: unknown): Promise<T> =>
    (await house.ask({ method: 'POST', url, as, body })).json<T>()
  const change = (as: As, what: object) => post<wire.Change>(as, '/v1/changes', { what, reason: 'for the test' })
  const policy = {
    rules: [{ name: 'all', level: 'L1', quorum: 1 }],
    autoMaxNotional: null,
    changes: { level: 'L2', quorum: 1 },
  }
  const rik = await house.person('Rik', ['risk', 'admin'], 'web')
  const ad = await house.person('Ad', ['admin'], 'web')
  const confirmed = await change(rik, { kind: 'person', personID: ad.id, roles: ['admin'], disabled: false })
  const passkeys = await change(rik, { kind: 'approval policy', policy })
  await post(ad, `/v1/changes/${passkeys.changeID}/approve`, { digest: passkeys.digest })

  const device = softAuthenticator('ad')
  const { options } = await post<wire.EnrolAsk>(ad, '/v1/me/passkeys/begin', { name: 'laptop' })
  const { id: userID } = options['user'] as { id: string }
  const challenge = String(options['challenge'])
  const response = device.create({ rpID: 'localhost', origin: ORIGIN, challenge, userID })
  await post(ad, '/v1/me/passkeys', { name: 'laptop', response })

  const next = await change(rik, { kind: 'approval policy', policy })
  assert.deepEqual([confirmed.state, next.state, next.requires.passkey], ['Applied', 'Waiting', true])
  const { can } = (await house.ask({ url: `/v1/changes/${next.changeID}`, as: ad })).json<wire.Change>()
  assert.deepEqual(can.approve, { ok: true })
  await house.close()
})
