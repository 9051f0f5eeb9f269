import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AGENT_SCOPES } from './access.ts'
import { type As, type House, openHouse } from './house.contract.ts'
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
