import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ChannelClick } from '../approvals/evidence.ts'
import type { AccountID } from '../values/brand.ts'
import { plusMs } from '../values/instant.ts'
import { AGENT_SCOPES } from './access.ts'
import { type As, type House, openHouse } from './house.contract.ts'
import { createHouse } from './house.ts'
import type * as wire from './wire.ts'

describe('an alert over HTTP', () => {
  let house: House
  let auditor: As
  let agent: As
  const acknowledge = (as: As, id = 'ODD:B1') =>
    house.ask({ method: 'POST', url: `/v1/tasks/${id}/acknowledge`, as, body: {} })
  const alerts = async (): Promise<number> =>
    (await house.ask({ url: '/v1/status', as: auditor })).json<wire.Status>().alerts
  before(async () => {
    house = await openHouse()
    auditor = await house.person('Ada', ['auditor'], 'web')
    agent = await house.token('jax', AGENT_SCOPES)
    await house.desk.notice({ kind: 'odd', subject: 'B1', text: 'The broker said something new.' })
  })
  after(() => house.close())

  it('is shown with what to do, and nobody has seen it', async () => {
    const { items } = (await house.ask({ url: '/v1/tasks', as: agent })).json<{ items: wire.Task[] }>()
    const [task] = items
    assert.deepEqual(
      [task?.taskID, task?.runbook, task?.acknowledgedAt, task?.acknowledgedBy, task?.escalatedAt],
      ['ODD:B1', 'docs/emergency.md#e1-kill', null, null, null],
    )
    assert.equal(await alerts(), 1)
  })
  it('is acknowledged by no agent', async () => {
    assert.equal((await acknowledge(agent)).statusCode, 403)
    assert.equal(await alerts(), 1)
  })
  it('is by whoever has a role, once, and stays open', async () => {
    assert.equal((await acknowledge(auditor, 'ODD:B2')).statusCode, 404)
    const seen = (await acknowledge(auditor)).json<wire.Task>()
    assert.deepEqual([seen.acknowledgedBy, seen.doneAt], [auditor.id, null])
    const other = await house.person('Rita', ['risk'], 'cli')
    assert.deepEqual((await acknowledge(other)).json<wire.Task>(), seen)
    assert.equal(await alerts(), 0)
  })
})

describe('an alert in a chat', () => {
  const click = (user: string): ChannelClick => ({
    kind: 'channel',
    provider: 'slack',
    tenant: 'T1',
    user,
    app: 'A1',
    conversation: 'C1',
    message: '1.1',
    transport: 'http',
    proof: 'p',
  })
  it('is acknowledged by whoever is linked, in their name', async () => {
    const house = await openHouse()
    const tom = await house.person('Tom', ['trader'], 'web')
    await house.desk.notice({ kind: 'odd', subject: 'B1', text: 'The broker said something new.' })
    const chat = createHouse({
      desk: house.desk,
      reads: house.store,
      clock: { now: house.now, monotonicNs: () => 0n, sleep: async () => {} },
      log: { info: () => {}, warn: () => {}, error: () => {} },
      account: 'paper:sim:main' as AccountID,
      journal: 'test',
      environment: 'paper',
      publicUrl: 'https://jax.example',
    })
    const refused = await chat.acknowledge({ taskID: 'ODD:B1', by: click('U1') })
    assert.deepEqual([refused.ok, !refused.ok && refused.code], [false, 'IDENTITY_UNLINKED'])
    const codeHash = 'c0de'
    const actor = { type: 'person', id: tom.id, via: 'web', session: null } as const
    await house.desk.issueCode({ hash: codeHash, expiresAt: plusMs(house.now(), 60_000), links: tom.id, actor })
    const user = { provider: 'slack', tenant: 'T1', user: 'U1' } as const
    assert.ok((await house.desk.linkUser({ codeHash, user, via: 'slack' })).ok)
    assert.equal((await chat.alert('ODD:B1'))?.state, 'waiting')
    assert.equal((await chat.acknowledge({ taskID: 'ODD:B1', by: click('U1') })).ok, true)
    const { state, stateText, url, runbook } = (await chat.alert('ODD:B1')) ?? assert.fail()
    assert.deepEqual([state, url, runbook], ['ended', 'https://jax.example/activity', 'docs/emergency.md#e1-kill'])
    assert.match(stateText, /^Tom saw it at 2026-11-24T/)
    const missing = await chat.acknowledge({ taskID: 'ODD:B2', by: click('U1') })
    assert.deepEqual(!missing.ok && missing.code, 'NOT_FOUND')
    await house.close()
  })
})
