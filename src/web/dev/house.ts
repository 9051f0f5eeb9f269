import { createHash } from 'node:crypto'
import type { Access, Approvals, ApprovalStatistics, Arming, Change, EnrolAsk, Person, Token } from '../../api/wire.ts'
import { makeLimits } from './limits.ts'
import { makeStage } from './stage.ts'
import { Denied } from './world.ts'

/** Who may say yes to what, as invented as the rest of this world: it remembers what is asked of it, and checks nothing. */
export type House = ReturnType<typeof makeHouse>

const YES = { ok: true } as const
const DAY_MS = 86_400_000

/** Names as an attacker would choose them, where the real gateway would let them through. */
export const NASTY = '<img src=x onerror=alert(1)>'

export function makeHouse(clock: () => number, heard: (action: string, id: string, text: string) => void) {
  const iso = (agoMs = 0): string => new Date(clock() - agoMs).toISOString()
  const token = (tokenID: string, name: string, of: Partial<Token>): Token => ({
    tokenID,
    name,
    owner: null,
    scopes: ['intents:write', 'orders:read'],
    createdAt: iso(9 * DAY_MS),
    expiresAt: iso(-81 * DAY_MS),
    revokedAt: null,
    ...of,
  })
  const tokens = [
    token('k3xm9t2v', 'jax', {}),
    token('8f3k2m1p', NASTY, { owner: 'per_2', madeBy: 'per_1' }),
    token('0a1b2c3d', 'revoked one', { owner: 'per_1', madeBy: 'per_1', revokedAt: iso(DAY_MS) }),
  ]
  const people: Person[] = [
    {
      personID: 'per_1',
      name: 'Ana',
      roles: ['trader', 'approver', 'risk', 'admin'],
      disabled: false,
      createdAt: iso(9 * DAY_MS),
    },
    {
      personID: 'per_2',
      name: 'Ben',
      roles: ['trader', 'approver', 'risk'],
      disabled: false,
      newcomer: true,
      createdAt: iso(5 * DAY_MS),
      passkeys: [
        {
          credentialID: 'cred-ben-7f3a',
          name: 'phone',
          device: 'multi',
          backedUp: true,
          createdAt: iso(4 * DAY_MS),
          liveFrom: iso(3 * DAY_MS),
          revokedAt: null,
        },
      ],
    },
    { personID: 'per_3', name: NASTY, roles: ['auditor'], disabled: true, createdAt: iso(2 * DAY_MS) },
  ]
  const approvals: Approvals = {
    policy: {
      version: 3,
      rules: [
        { name: 'paper', environment: 'paper', level: 'L1', quorum: 1 },
        {
          name: 'paper, large',
          environment: 'paper',
          notionalAbove: '9800',
          level: 'L2',
          quorum: 2,
          approvalTtlMs: 120_000,
        },
        { name: 'live', environment: 'live', level: 'L2', quorum: 1 },
        { name: 'live, large', environment: 'live', notionalAbove: '25000', level: 'L3', quorum: 2, maxDriftBps: 20 },
        {
          name: NASTY,
          symbols: ['EUR/USD', 'AAPL'],
          strategies: ['fx-range'],
          level: 'L1',
          quorum: 1,
          executionTtlMs: 20_000,
        },
      ],
      autoMaxNotional: '1000',
      changes: { level: 'L1', quorum: 1 },
    },
    fourEyes: 'off',
    approvers: 2,
    governors: 2,
    armed: [
      {
        armingID: 'arm_1',
        strategyID: 'fx-range',
        symbols: ['EUR/USD'],
        maxNotional: '500',
        maxCount: 10,
        count: 3,
        until: iso(-2 * 3_600_000),
        byName: 'Ben',
        armedAt: iso(3_600_000),
        disarmedAt: null,
        why: null,
      },
      {
        armingID: 'arm_0',
        strategyID: 'momentum-breakout',
        symbols: ['AAPL', 'MSFT'],
        maxNotional: '1000',
        maxCount: 2,
        count: 2,
        until: iso(DAY_MS),
        byName: 'Ana',
        armedAt: iso(DAY_MS + 3_600_000),
        disarmedAt: iso(DAY_MS),
        why: 'The gateway started again.',
      },
    ],
  }
  const changes: Change[] = []
  const limits = makeLimits(iso)
  const stage = makeStage(iso)

  function change(what: Change['what'], reason: string, of: Partial<Change> = {}): Change {
    const digest = createHash('sha256').update(`${reason}${changes.length}`).digest('base64url')
    const hex = Buffer.from(digest, 'base64url').toString('hex')
    const made: Change = {
      changeID: `chg_${changes.length + 1}`,
      what,
      digest,
      fingerprint: `${hex.slice(0, 4)}-${hex.slice(4, 8)}`,
      requires: { level: 'L1', quorum: 1, passkey: false, rules: ['changes'] },
      reason,
      proposer: 'per_2',
      proposerName: 'Ben',
      votes: [],
      state: 'Waiting',
      proposedAt: iso(40 * 60_000),
      decideBy: iso(-DAY_MS),
      settledAt: null,
      note: null,
      can: { approve: YES, decline: YES },
      ...of,
    }
    changes.unshift(made)
    return made
  }
  change(
    {
      kind: 'person',
      personID: 'per_2',
      name: 'Ben',
      before: { roles: ['trader'], disabled: false },
      after: { roles: ['trader', 'approver', 'risk'], disabled: false },
    },
    'He stands in during the holidays.',
    { state: 'Applied', proposer: 'per_1', proposerName: 'Ana', settledAt: iso(DAY_MS), note: 'four-eyes: off' },
  )
  change(
    {
      kind: 'approval policy',
      before: 3,
      policy: {
        version: 4,
        rules: [
          { name: 'paper', environment: 'paper', level: 'L2', quorum: 1 },
          ...approvals.policy.rules.slice(1, 4),
          { name: 'small caps', symbols: ['XYZ'], level: 'L2', quorum: 2 },
        ],
        autoMaxNotional: null,
        changes: { level: 'L2', quorum: 1 },
      },
    },
    `Passkeys on paper too, to rehearse. ${NASTY}`,
  )

  const access: Access = {
    passkeys: [
      {
        credentialID: 'cred-1',
        name: 'laptop',
        device: 'multi',
        backedUp: true,
        createdAt: iso(8 * DAY_MS),
        liveFrom: iso(7 * DAY_MS),
        revokedAt: null,
      },
      {
        credentialID: 'cred-2',
        name: NASTY,
        device: 'single',
        backedUp: false,
        createdAt: iso(3_600_000),
        liveFrom: iso(-82_800_000),
        revokedAt: null,
      },
      {
        credentialID: 'cred-0',
        name: 'old phone',
        device: 'multi',
        backedUp: false,
        createdAt: iso(30 * DAY_MS),
        liveFrom: iso(29 * DAY_MS),
        revokedAt: iso(8 * DAY_MS),
      },
    ],
    links: [{ linkID: 'slack:T0JAX:U0ANA', provider: 'slack', createdAt: iso(4 * DAY_MS), endedAt: null }],
    sessions: [
      { id: 's1', via: 'web', createdAt: iso(600_000), expiresAt: iso(-11 * 3_600_000), current: true },
      { id: 's2', via: 'cli', createdAt: iso(7_200_000), expiresAt: iso(-10 * 3_600_000), current: false },
    ],
    canEnrol: { ok: false, why: 'Passkeys work with names, and this page was opened by the address 127.0.0.1.' },
  }

  const statistics: ApprovalStatistics = {
    since: iso(7 * DAY_MS),
    asked: 42,
    approved: 27,
    declined: 6,
    expired: 5,
    withdrawn: 1,
    refused: 3,
    decidedInMs: { p50: 38_400, p95: 171_000 },
    byPerson: [
      { byName: 'Ana', approved: 19, declined: 2, medianMs: 31_000 },
      { byName: 'Ben', approved: 8, declined: 4, medianMs: 64_000 },
    ],
  }

  const settle = (id: string, state: Change['state'], by: string, reason: string | null): Change => {
    const at = changes.findIndex(({ changeID }) => changeID === id)
    const found = changes[at]
    if (found === undefined) throw new Denied(404, 'NOT_FOUND', 'No such change', `There is no change ${id}.`)
    const done: Change = { ...found, state, settledAt: iso(), can: { approve: OVER, decline: OVER } }
    changes[at] = done
    if (state === 'Applied' && done.what.kind === 'approval policy') approvals.policy = done.what.policy
    if (state === 'Applied' && done.what.kind === 'risk limits') limits.apply(done.what)
    heard(`change.${state.toLowerCase()}`, id, `${by} settled a change: ${reason ?? ''}`)
    return done
  }

  /** @returns undefined when this is none of its addresses. */
  function route(what: string, id: string, body: Record<string, unknown>, by: string): unknown {
    switch (what) {
      case 'GET approvals':
        return approvals
      case 'GET approvals/:id':
        return statistics
      case 'POST approvals/:id': {
        const { strategyID, symbols, maxNotional, maxCount, until } = body as Pick<
          Arming,
          'strategyID' | 'symbols' | 'maxNotional' | 'maxCount' | 'until'
        >
        const armed: Arming = {
          armingID: `arm_${approvals.armed.length + 1}`,
          strategyID,
          symbols,
          maxNotional,
          maxCount,
          until,
          count: 0,
          byName: by,
          armedAt: iso(),
          disarmedAt: null,
          why: null,
        }
        approvals.armed.unshift(armed)
        heard('strategy.armed', armed.armingID, `${by} armed ${strategyID}.`)
        return armed
      }
      case 'DELETE approvals/:id/:armingID': {
        const armed = approvals.armed.find(({ armingID }) => armingID === id)
        if (armed !== undefined) Object.assign(armed, { disarmedAt: iso(), why: 'Disarmed by hand.' })
        heard('strategy.disarmed', id, `${by} disarmed it.`)
        return armed
      }
      case 'GET changes':
        return { items: changes }
      case 'POST changes': {
        const { what: asked, reason } = body as { what: Record<string, unknown>; reason: string }
        const made = change(whatOf(asked), reason, {
          proposer: 'per_1',
          proposerName: by,
          can: {
            approve: { ok: false, why: 'Whoever proposed a change cannot approve it. Ask another person.' },
            decline: YES,
          },
          proposedAt: iso(),
        })
        heard('change.proposed', made.changeID, `${by} proposed a change.`)
        // Less may be risked: one person is enough.
        return made.what.kind === 'risk limits' && limits.asked(asked).tighter
          ? settle(made.changeID, 'Applied', by, reason)
          : made
      }
      case 'POST changes/:id/approve':
        return settle(id, 'Applied', by, null)
      case 'POST changes/:id/decline':
        return settle(id, 'Declined', by, String(body['reason']))
      case 'GET limits':
        return limits.now()
      case 'GET limits/:id':
        return limits.history()
      case 'GET stage':
        return stage.now()
      case 'GET drills':
        return { items: stage.drills() }
      case 'GET strategies':
        return { items: stage.strategies() }
      case 'GET people':
        return { items: people }
      case 'GET tokens':
        return { items: tokens }
      case 'GET me/:id':
        return access
      case 'POST me/:id':
        return { code: 'k3xm-9t2v', expiresAt: iso(-600_000) }
      case 'POST me/:id/begin':
        return { options: {}, envelope: null, confirm: null } satisfies EnrolAsk
      case 'DELETE me/:id/passkeys': {
        const key = access.passkeys.find(({ credentialID }) => credentialID === id)
        if (key !== undefined) key.revokedAt = iso()
        heard('passkey.revoked', id, `${by} revoked a passkey.`)
        return key
      }
      case 'DELETE me/:id/links': {
        const link = access.links.find(({ linkID }) => linkID === id)
        if (link !== undefined) link.endedAt = iso()
        heard('link.ended', id, `${by} unlinked a chat.`)
        return link
      }
      case 'DELETE me/:id/sessions':
        access.sessions = access.sessions.filter((session) => session.id !== id)
        heard('session.ended', id, `${by} ended a session.`)
        return null
      default:
        return undefined
    }
  }

  function whatOf(asked: Record<string, unknown>): Change['what'] {
    if (asked['kind'] === 'approval policy') {
      const { policy } = asked as unknown as { policy: Approvals['policy'] }
      return { kind: 'approval policy', before: policy.version, policy: { ...policy, version: policy.version + 1 } }
    }
    if (asked['kind'] === 'risk limits') return limits.asked(asked).what
    if (asked['kind'] === 'stage') return stage.asked(asked, limits.now().inForce)
    if (asked['kind'] === 'passkey revoked') {
      const credentialID = String(asked['credentialID'])
      const held = people.map(({ personID, passkeys = [] }) => ({
        personID,
        key: passkeys.find((key) => key.credentialID === credentialID),
      }))
      const { personID = '', key } = held.find((one) => one.key !== undefined) ?? {}
      return { kind: 'passkey revoked', credentialID, personID, name: key?.name ?? credentialID }
    }
    const { personID, roles, disabled } = asked as unknown as Person
    const person = people.find((one) => one.personID === personID)
    const before = { roles: person?.roles ?? [], disabled: person?.disabled ?? false }
    return { kind: 'person', personID, name: person?.name ?? personID, before, after: { roles, disabled } }
  }

  return { route, approvals, changes, access, stage }
}

const OVER = { ok: false, why: 'It is settled.' } as const
