import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ChannelClick } from '../approvals/evidence.ts'
import { linkID } from '../desk/evidence.ts'
import type { Actor } from '../journal/row.ts'
import type { PersonRole } from '../ports/records.ts'
import type { IntentID } from '../values/brand.ts'
import { plusMs } from '../values/instant.ts'
import { AGENT, type As, type House, openHouse, SIGNAL } from './house.contract.ts'
import type * as wire from './wire.ts'

// A button that is off says what the click would, and nobody is asked to touch a passkey for a yes that is refused.

const GOVERNS: readonly PersonRole[] = ['approver', 'risk', 'admin']
const RULE = { name: 'all', level: 'L1', quorum: 1 }

class Desk {
  readonly house: House
  constructor(house: House) {
    this.house = house
  }
  async post<T extends object>(as: As, url: string, body: unknown): Promise<T & Partial<wire.Problem>> {
    return (await this.house.ask({ method: 'POST', url, as, body })).json<T>()
  }
  async propose(by: As, id: string): Promise<wire.Intent> {
    const symbol = id.toUpperCase()
    await this.house.facts(symbol)
    return this.post(by, '/v1/intents', { ...SIGNAL, id, symbol, stop_loss: 160 })
  }
  async change(by: As, what: object): Promise<wire.Change> {
    // The same again in the same moment is the same change.
    await this.house.facts()
    const made = await this.post<wire.Change>(by, '/v1/changes', { what, reason: 'for the test' })
    assert.ok(made.changeID, JSON.stringify(made))
    return made
  }
  policy(by: As, changes: object, rule: object = {}): Promise<wire.Change> {
    const policy = { rules: [{ ...RULE, ...rule }], autoMaxNotional: null, changes }
    return this.change(by, { kind: 'approval policy', policy })
  }
  access(by: As, person: As, roles: readonly PersonRole[], disabled = false): Promise<wire.Change> {
    return this.change(by, { kind: 'person', personID: person.id, roles, disabled })
  }
  async agree(by: As, { changeID, digest }: wire.Change): Promise<void> {
    const done = await this.post<wire.Change>(by, `/v1/changes/${changeID}/approve`, { digest })
    assert.equal(done.state, 'Applied', JSON.stringify(done))
  }
  /** The no to a yes, in the words of the button, of the beginning of a passkey, and of the click; each has to be the same. */
  async no(as: As, url: string, digest: string | null): Promise<string> {
    const { can } = (await this.house.ask({ url, as })).json<wire.Change | wire.Intent>()
    const begun = await this.post(as, `${url}/approve/begin`, { digest })
    const clicked = await this.post(as, `${url}/approve`, { digest })
    const said = clicked.detail ?? 'it was taken'
    assert.deepEqual(
      [can.approve.ok ? 'can' : can.approve.why, begun.code, begun.detail],
      [said, clicked.code, said],
      JSON.stringify(clicked),
    )
    return `${clicked.code}: ${said}`
  }
}

describe('what the click would refuse is not offered', () => {
  let house: House
  let desk: Desk
  let rik: As
  let ad: As
  let tom: As
  before(async () => {
    house = await openHouse({ limits: { failedBurst: 1000, settleMs: 10 } })
    desk = new Desk(house)
    rik = await house.person('Rik', GOVERNS, 'web')
    ad = await house.person('Ad', GOVERNS, 'web')
    tom = await house.person('Tom', ['trader'], 'web')
    assert.equal((await desk.access(rik, ad, GOVERNS)).state, 'Applied')
  })
  after(() => house.close())

  it('of an order whose ticket is of an older policy', async () => {
    const { digest } = await desk.propose(await house.token('jax', AGENT), 'older')
    await desk.agree(ad, await desk.policy(rik, { level: 'L1', quorum: 1 }))
    assert.match(
      await desk.no(rik, '/v1/intents/older', digest),
      /^ORDER_CHANGED: The policy of approvals has changed since/,
    )
  })
  it('of an order during a halt', async () => {
    const { digest } = await desk.propose(await house.token('jax, again', AGENT), 'halted')
    const actor: Actor = { type: 'person', id: rik.id, via: 'web', session: null }
    assert.ok((await house.desk.halt({ reason: 'drill', actor })).ok)
    assert.match(await desk.no(rik, '/v1/intents/halted', digest), /^TRADING_HALTED: /)
  })
  it('of a change under an older policy', async () => {
    const { changeID, digest } = await desk.access(rik, tom, ['trader', 'approver'])
    await desk.agree(ad, await desk.policy(rik, { level: 'L1', quorum: 1 }))
    assert.match(
      await desk.no(ad, `/v1/changes/${changeID}`, digest),
      /^STALE_CHANGE: The policy of approvals has changed since/,
    )
  })
  it('of a change of access that has changed meanwhile', async () => {
    const { changeID, digest } = await desk.access(rik, tom, ['trader', 'approver'])
    await desk.agree(ad, await desk.access(rik, tom, ['operator']))
    assert.match(
      await desk.no(ad, `/v1/changes/${changeID}`, digest),
      /^STALE_CHANGE: The access of Tom has changed meanwhile/,
    )
  })
  it('of their own change while others may decide, and for a day after these had to go', async () => {
    await desk.agree(ad, await desk.policy(rik, { level: 'L2', quorum: 1 }))
    const { changeID, digest } = await desk.access(rik, tom, ['trader'])
    assert.match(await desk.no(rik, `/v1/changes/${changeID}`, digest), /^SELF_APPROVAL: Whoever proposed a change/)
    assert.equal((await desk.access(rik, ad, ['approver'])).state, 'Applied')
    assert.match(
      await desk.no(rik, `/v1/changes/${changeID}`, digest),
      /^SELF_APPROVAL: Ad could have decided on this until less than a day ago/,
    )
  })
  it('of a change that nobody decided in time', async () => {
    const { items } = (await house.ask({ url: '/v1/changes?state=Waiting', as: rik })).json<{ items: wire.Change[] }>()
    const { changeID, digest } = items[0] ?? assert.fail()
    await house.advance(24 * 3_600_000 + 1)
    rik = await house.person('Rik', GOVERNS, 'web')
    assert.match(await desk.no(rik, `/v1/changes/${changeID}`, digest), /^APPROVAL_EXPIRED: /)
    assert.match(await desk.no(rik, `/v1/changes/${changeID}`, digest), /^NOT_PENDING: The change is lapsed already/)
  })
})

describe('a yes that lost its worth', () => {
  it('is offered again, and begun', async () => {
    const house = await openHouse({ limits: { failedBurst: 1000, settleMs: 10 } })
    const desk = new Desk(house)
    const rik = await house.person('Rik', GOVERNS, 'web')
    const ad = await house.person('Ad', GOVERNS, 'web')
    assert.equal((await desk.access(rik, ad, GOVERNS)).state, 'Applied')
    await desk.agree(ad, await desk.policy(rik, { level: 'L1', quorum: 1 }, { quorum: 2 }))
    const { digest } = await desk.propose(await house.token('jax', AGENT), 'again')
    const approvable = async (): Promise<wire.Can> =>
      (await house.ask({ url: '/v1/intents/again', as: rik })).json<wire.Intent>().can.approve

    const user = { provider: 'slack', tenant: 'T1', user: 'U1' } as const
    const actor: Actor = { type: 'person', id: rik.id, via: 'slack', session: null }
    await house.desk.issueCode({ hash: 'c0de', expiresAt: plusMs(house.now(), 60_000), links: rik.id, actor })
    assert.ok((await house.desk.linkUser({ codeHash: 'c0de', user, via: 'slack' })).ok)
    const where = { app: 'A1', conversation: 'C1', message: '1.0', transport: 'http', proof: 'p' } as const
    const evidence: ChannelClick = { kind: 'channel', ...user, ...where }
    const ask = { intentID: 'again' as IntentID, digest: digest ?? '', reason: null, actor, evidence }
    assert.ok((await house.desk.approve(ask)).ok)
    assert.deepEqual(await approvable(), { ok: false, why: 'You said yes already; more people are asked.' })
    assert.ok((await house.desk.endLink({ linkID: linkID(user), reason: 'lost', actor })).ok)
    assert.deepEqual(await approvable(), { ok: true })
    const taken = await desk.post<wire.Intent>(rik, '/v1/intents/again/approve', { digest })
    assert.deepEqual([taken.state, taken.votes.map((vote) => vote.with)], ['AwaitingApproval', ['click']])
    assert.deepEqual(taken.can.approve, { ok: false, why: 'You said yes already; more people are asked.' })
    await house.close()
  })
})
