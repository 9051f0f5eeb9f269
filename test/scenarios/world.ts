import { generateKeyPairSync } from 'node:crypto'
import { challengeOf, envelopeOf } from '../../src/approvals/envelope.ts'
import type { ChannelClick, PasskeyAssertion } from '../../src/approvals/evidence.ts'
import { type ApprovalPolicy, firstPolicy } from '../../src/approvals/policy.ts'
import type { Denial, Desk } from '../../src/desk/desk.ts'
import { type Decided, linkID } from '../../src/desk/evidence.ts'
import { enrols } from '../../src/desk/identities.ts'
import { openDesk, type Setting } from '../../src/desk/open.ts'
import { SYSTEM, commands } from '../../src/desk/command.ts'
import type { Limits } from '../../src/gate/limits.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { signCheckpoint, verifierKey } from '../../src/journal/checkpoint.ts'
import type { Actor } from '../../src/journal/row.ts'
import type { Stage } from '../../src/orders/stage.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Change, ChangeOf, Intent, Link, Passkey, Person, PersonRole } from '../../src/ports/records.ts'
import type { Store } from '../../src/ports/store.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { amt, dec } from '../../src/values/decimal.ts'
import { sha256, sha256Base64url } from '../../src/values/hash.ts'
import { type Instant, parseInstant, plusMs } from '../../src/values/instant.ts'
import type { Result } from '../../src/values/result.ts'
import { createWorker, type Worker } from '../../src/worker/worker.ts'
import { assertionOf, type Lie, type SoftAuthenticator, softAuthenticator } from '../soft-authenticator.ts'
import { ScriptedBroker } from './broker.ts'

/** A clock that the scenario moves. Whoever sleeps moves it too. */
export class ScriptClock implements Clock {
  #now: Instant
  readonly #start: Instant
  constructor(start: Instant) {
    this.#now = this.#start = start
  }
  now(): Instant {
    return this.#now
  }
  monotonicNs(): bigint {
    return BigInt(this.#now - this.#start) * 1_000n
  }
  async sleep(ms: number): Promise<void> {
    this.advance(ms)
  }
  advance(ms: number): void {
    this.#now = plusMs(this.#now, ms)
  }
}

/** One run of the process: at a crash everything it was doing stops where it is. */
export type Life = { alive: boolean; readonly death: Promise<void>; readonly die: () => void }
export function newLife(): Life {
  const { promise: death, resolve } = Promise.withResolvers<void>()
  const life: Life = {
    alive: true,
    death,
    die: () => {
      life.alive = false
      resolve()
    },
  }
  return life
}

export const NEVER = new Promise<never>(() => {})

/** The same object for as long as the process lives; afterwards no call does anything, and none that is under way answers. */
export function mortal<T extends object>(target: T, life: Life): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        if (!life.alive) return NEVER
        const result: unknown = value.apply(object, args)
        if (!(result instanceof Promise)) return result
        return result.then(
          (answer: unknown) => (life.alive ? answer : NEVER),
          (thrown: unknown) => (life.alive ? Promise.reject(thrown) : NEVER),
        )
      }
    },
  })
}

/** Monday, in the middle of the New York session. */
const START = parseInstant('2026-11-23T15:00:00Z') as Instant
const ORIGIN = 'jax.example/audit/SCENARIO'

export const AGENT: Actor = { type: 'agent', id: 'jax', via: 'http', session: null }
const SESSION = 'scenario'
export const personActor = (id: string): Actor => ({ type: 'person', id, via: 'web', session: SESSION })

/** The people of every scenario, unless it says otherwise. */
export const CAST: Readonly<Record<string, readonly PersonRole[]>> = {
  ana: ['approver'],
  bo: ['approver'],
  rik: ['risk'],
  tom: ['trader'],
  ad: ['admin'],
}

/** Where the pages of a scenario are. */
const RP_ID = 'localhost'
const PAGE = 'http://localhost:8600'
/** How long a scenario has for the touch of a passkey. */
const ASK_MS = 120_000

/** Desk, worker and store as they are in the product; clock and broker as the script wants them. */
export class World {
  /** Where the book is kept. */
  file = ':memory:'
  readonly clock = new ScriptClock(START)
  readonly broker = new ScriptedBroker(this.clock)
  policy: Policy = {
    environment: 'paper',
    broker: 'sim',
    riskPerTrade: dec('0.01'),
    maxOrderNotional: amt('10000'),
    maxPositionNotional: amt('20000'),
    stageMaxNotional: amt('100000'),
    buyingPowerBuffer: dec('0.05'),
    collarBps: 300,
    maxDriftBps: 50,
    stopLimitSlackBps: 500,
    quoteAgeMaxMs: 5_000,
    accountAgeMaxMs: 30_000,
    duplicateWindowMs: 60_000,
    explicitQty: 'exact',
    allowShort: false,
    approvalTtlMs: 300_000,
    executionTtlMs: 30_000,
  }
  /** `late`: it appears when a send is durable and its first byte has not left. */
  haltFile: 'absent' | 'present' | 'late' = 'absent'
  awake = true
  /** Every digest that was ever shown, by intent and revision. */
  readonly digests = new Map<string, string>()
  readonly notes: string[] = []
  readonly logs: string[] = []
  /** Tasks that the scenario has pointed at: any other is a surprise. */
  readonly expectedTasks = new Set<string>()
  /** Standing rules that the scenario sets aside. */
  readonly exceptions = new Set<string>()
  /** How much faster than a person's time the market runs. */
  speed = 1
  /** The risk limits that the account begins with; null: those of the policy alone. */
  limits: Limits | null = null
  /** Where the account begins; null: nobody counts. */
  firstStage: Stage | null = null
  build = 'scenario'
  /** Whether something trips by itself, and from when on the broker answers nothing. */
  watched = false
  silentSince: Instant | null = null
  /** Who is there when the house opens, and whom of these nobody has confirmed. Others come later, by a code. */
  cast = CAST
  newcomers: readonly string[] = []
  /** The policy of approvals that people agree to as soon as the house opens; null: the one that it begins with. */
  approvals: ((first: ApprovalPolicy) => ApprovalPolicy) | null = null
  /** Passkeys in software, by the name that their owner gave them. */
  readonly passkeys = new Map<string, SoftAuthenticator>()
  #nonces = 0
  readonly #key = generateKeyPairSync('ed25519').privateKey
  #store: Store | null = null
  #life = newLife()
  #desk: Desk | null = null
  #worker: Worker | null = null
  #boots = 0

  get isOpen(): boolean {
    return this.#store !== null
  }
  get store(): Store {
    if (!this.#store) throw new Error('the world is not open yet')
    return this.#store
  }
  get desk(): Desk {
    if (!this.#desk) throw new Error('the world is not open yet')
    return this.#desk
  }
  get worker(): Worker {
    if (!this.#worker) throw new Error('the world is not open yet')
    return this.#worker
  }
  get setting(): Setting {
    const { account, capabilities } = this.broker
    const { policy, speed, limits } = this
    const limiting = limits && { limiting: { first: limits, settings: {} } }
    const watching = this.watched && { watching: { tighter: {} } }
    const rolling = this.firstStage && { rolling: { first: this.firstStage, origin: null } }
    const { build } = this
    return { account, policy, ...limiting, ...rolling, ...watching, capabilities, speed, version: '0.0.0', build }
  }
  get verifierKeys(): readonly string[] {
    return [verifierKey(ORIGIN, this.#key)]
  }

  async open(): Promise<void> {
    this.#store = await openSqliteStore({ file: this.file, clock: this.clock, boot: 'scenario' })
    const run = commands(this.#store, () => this.clock.now(), this.setting)
    for (const [name, roles] of Object.entries(this.cast)) {
      const isNew = this.newcomers.includes(name)
      const person: Person = {
        personID: name,
        name,
        roles,
        disabled: false,
        ...(isNew && { newcomer: true }),
        createdAt: this.clock.now(),
      }
      await run((c) => c.emit('person.added', { type: 'person', id: name }, 'access', { person }, SYSTEM))
    }
    await this.boot()
    if (this.approvals) await this.agreeTo(this.approvals)
  }

  /** Starts the process: over whatever the one before left behind. */
  async boot(): Promise<void> {
    this.broker.disconnect()
    this.#life.die()
    const life = newLife()
    this.#life = life
    this.broker.onCrash(() => life.die())
    const store = mortal(this.store, life)
    this.#desk = openDesk(
      store,
      this.setting,
      () => this.clock.now(),
      async ({ size, root }) => {
        this.notes.push(signCheckpoint({ origin: ORIGIN, size, root }, this.#key))
      },
    )
    const desk = this.#desk
    const claimSend: Desk['claimSend'] = async (...ask) => {
      const claim = await desk.claimSend(...ask)
      if (claim?.send && this.haltFile === 'late') this.haltFile = 'present'
      return claim
    }
    const beginResend: Desk['beginResend'] = async (...ask) => {
      const send = await desk.beginResend(...ask)
      if (send && this.haltFile === 'late') this.haltFile = 'present'
      return send
    }
    this.#worker = createWorker(
      {
        desk: { ...desk, claimSend, beginResend },
        reads: store,
        broker: mortal(this.broker, life),
        clock: this.clock,
        random: () => 0.5,
        haltFile: () => this.haltFile === 'present',
        silentSince: () => this.silentSince,
        log: (level, message, facts) => this.logs.push(`${level}: ${message} ${JSON.stringify(facts)}`),
      },
      `worker-${++this.#boots}`,
    )
    await this.#desk.recover()
    await this.settle()
  }

  /** The policy of approvals as it is now. */
  async policyNow(): Promise<ApprovalPolicy> {
    return (await this.store.get('approvals', 'account'))?.policy ?? firstPolicy(this.policy.environment)
  }
  /** Rik proposes another policy of approvals, and ad agrees: with passkeys where that is asked for. */
  async agreeTo(make: (before: ApprovalPolicy) => ApprovalPolicy): Promise<Change> {
    const before = await this.policyNow()
    const policy = { ...make(before), version: before.version + 1 }
    const what: ChangeOf = { kind: 'approval policy', before: before.version, policy }
    return this.agreed(what, 'rik', 'ad')
  }
  /** Gives a person another access: rik proposes it, or ad where it is his own, and the other agrees if that is asked. */
  async access(personID: string, roles: readonly PersonRole[], disabled = false): Promise<Change> {
    const { roles: was, disabled: out } = (await this.store.get('person', personID)) ?? {}
    if (!was || out === undefined) throw new Error(`there is nobody called ${personID}`)
    const what = {
      kind: 'person',
      personID,
      before: { roles: was, disabled: out },
      after: { roles, disabled },
    } as const
    return personID === 'rik' ? this.agreed(what, 'ad') : this.agreed(what, 'rik', 'ad')
  }
  /** A change that one proposes and others agree to. @throws when it does not come to be. */
  async agreed(what: ChangeOf, proposer: string, ...others: readonly string[]): Promise<Change> {
    const must = (done: Result<Change, Denial>): Change => {
      if (!done.ok) throw new Error(`${done.error.code}: ${done.error.text}`)
      return done.value
    }
    let change = must(await this.desk.proposeChange({ what, reason: 'agreed', actor: personActor(proposer) }))
    for (const name of others)
      if (change.state === 'Waiting') {
        const { changeID, digest, requires } = change
        const actor = personActor(name)
        const ask = { changeID, digest, verdict: 'approved', reason: null, actor } as const
        const evidence = requires.level === 'L1' ? undefined : await this.sign(name, await this.decidedChange(changeID))
        change = must(await this.desk.decideChange({ ...ask, ...(evidence && { evidence }) }))
      }
    if (change.state !== 'Applied') throw new Error(`the change is ${change.state}`)
    return change
  }

  /** Makes a challenge for this person's session, as the page does before it asks for a passkey. */
  async challenge(
    name: string,
    challenge: string,
    envelope: PasskeyAssertion['envelope'] | null = null,
  ): Promise<void> {
    const purpose = envelope ? 'decide' : 'enrol'
    const expiresAt = plusMs(this.clock.now(), ASK_MS)
    await this.desk.ask({ challenge, personID: name, session: SESSION, purpose, envelope, expiresAt })
  }
  /** Enrols a passkey in software; a further one is confirmed with `by`. */
  async enrol(
    name: string,
    of: { readonly device?: string; readonly by?: string; readonly counts?: boolean } = {},
  ): Promise<Result<Passkey, Denial>> {
    const { device = name, by } = of
    const soft = softAuthenticator(device, { counts: of.counts ?? false })
    const challenge = sha256Base64url(`enrol ${device} ${this.#nonces++}`)
    await this.challenge(name, challenge)
    const evidence = by && (await this.sign(name, enrols(name, challenge, this.policy.environment), { device: by }))
    const done = await this.desk.enrolPasskey({
      challenge,
      credentialID: soft.credentialID,
      key: soft.publicKey,
      rpID: RP_ID,
      name: device,
      device: 'single',
      backedUp: false,
      transports: ['internal'],
      counter: 0,
      actor: personActor(name),
      ...(evidence && { evidence }),
    })
    if (done.ok) this.passkeys.set(device, soft)
    return done
  }
  /** What the passkey of this person answers, asked to sign that decision. */
  async sign(
    name: string,
    what: Decided,
    of: { readonly device?: string; readonly lie?: Lie } = {},
  ): Promise<PasskeyAssertion> {
    const soft = this.passkeys.get(of.device ?? name) ?? softAuthenticator(of.device ?? name)
    const envelope = envelopeOf({
      purpose: 'intentID' in what ? 'jax.approval' : 'jax.change',
      approvalID: 'intentID' in what ? what.intentID : what.changeID,
      approver: name,
      decision: what.decision,
      expiresAt: plusMs(this.clock.now(), ASK_MS),
      nonce: sha256(`nonce ${this.#nonces++}`).subarray(0, 16),
      digest: what.digest,
      policyVersion: String(what.policyVersion),
    })
    const challenge = challengeOf(envelope)
    await this.challenge(name, challenge, envelope)
    return assertionOf(envelope, soft.get({ rpID: RP_ID, origin: PAGE, challenge }, of.lie))
  }
  /** What a yes to the waiting ticket says. */
  async decided(intentID: string): Promise<Decided> {
    const { digest, requires } = (await this.store.get('intent', intentID)) ?? {}
    const { environment } = this.policy
    const policyVersion = requires?.policyVersion ?? 0
    return { intentID, digest: digest ?? '', decision: 'approve', policyVersion, environment }
  }
  async decidedChange(changeID: string): Promise<Decided> {
    const { digest, requires } = (await this.store.get('change', changeID)) ?? {}
    const { environment } = this.policy
    const policyVersion = requires?.policyVersion ?? 0
    return { changeID, digest: digest ?? '', decision: 'approve', policyVersion, environment }
  }

  /** Ties a user of the chat to this person, with a code of theirs. */
  async link(name: string, user: string = name): Promise<Result<Link, Denial>> {
    const codeHash = sha256Base64url(`link ${name} ${user} ${this.#nonces++}`)
    const expiresAt = plusMs(this.clock.now(), ASK_MS)
    await this.desk.issueCode({ hash: codeHash, expiresAt, links: name, actor: personActor(name) })
    return this.desk.linkUser({ codeHash, user: { provider: 'slack', tenant: 'T1', user }, via: 'slack' })
  }
  linkID(user: string): string {
    return linkID({ provider: 'slack', tenant: 'T1', user })
  }
  /** The click of a user of the chat, as Slack vouches for it. */
  click(user: string): ChannelClick {
    const proof = `proof ${this.#nonces++}`
    const where = { app: 'A1', conversation: 'C1', message: '1.0', transport: 'http' } as const
    return { kind: 'channel', provider: 'slack', tenant: 'T1', user, ...where, proof }
  }

  /** Lets the worker do what is due now. A crash on the way is followed by a new start. */
  async settle(): Promise<void> {
    if (!this.awake) return
    for (this.broker.calls = 0; ; ) {
      await Promise.race([this.worker.drain(), this.#life.death])
      if (!this.#life.alive) return this.boot()
      if (!this.broker.flush()) return
    }
  }

  /** Reads what the market and the account look like now, as the worker does every second. */
  async look(): Promise<void> {
    await this.worker.refreshFacts().catch((thrown: unknown) => this.logs.push(`warn: ${String(thrown)}`))
  }

  async wait(ms: number): Promise<void> {
    const until = plusMs(this.clock.now(), ms)
    let lookAt = plusMs(this.clock.now(), 1_000)
    while (this.clock.now() < until) {
      const now = this.clock.now()
      const due = this.awake ? await this.store.nextDue() : null
      const next = Math.min(until, lookAt, due !== null && due > now ? due : until)
      this.clock.advance((next - now) / 1_000)
      this.broker.arrive()
      if (this.clock.now() >= lookAt) {
        lookAt = plusMs(this.clock.now(), 1_000)
        if (this.awake) await this.look()
        if (this.awake && this.watched) await this.worker.watch()
      }
      await this.settle()
    }
  }

  remember(intent: Intent): void {
    if (intent.digest) this.digests.set(`${intent.intentID}:${intent.rev}`, intent.digest)
  }
}
