// Puts the rooms together and lets them run: data directory → lock → desk thread → broker → recovery → worker → API.
import { type KeyObject, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { Worker as Thread } from 'node:worker_threads'
import packageJson from '../../package.json' with { type: 'json' }
import { AGENT_SCOPES, mintCode, mintToken, type Scope } from '../api/access.ts'
import { createApi } from '../api/api.ts'
import { type Health, LOOPBACK } from '../api/context.ts'
import { createHouse } from '../api/house.ts'
import type { Setting } from '../desk/command.ts'
import type { Desk } from '../desk/desk.ts'
import { inForce } from '../desk/limiting.ts'
import { defaultsOf, type Limits, tightenedBy } from '../gate/limits.ts'
import type { Market } from '../markets/market.ts'
import { levelFor } from '../orders/halt.ts'
import { type Broker, type Identity, ReadFailed } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import type { Reads } from '../ports/store.ts'
import { readAnchors } from '../store/anchors.ts'
import { openReads } from '../store/sqlite.ts'
import type { AccountID } from '../values/brand.ts'
import { Fault } from '../values/fault.ts'
import { base32, sha256Hex } from '../values/hash.ts'
import { type Instant, plusMs, rfc3339 } from '../values/instant.ts'
import { err } from '../values/result.ts'
import { createWorker, type Worker } from '../worker/worker.ts'
import { readAssets } from './assets.ts'
import { prepareBroker } from './broker.ts'
import { buildOf } from './build.ts'
import { openChannels } from './channels.ts'
import { clockOf, type ClockSpec } from './clock.ts'
import { accountID, INSTALLATION, limitSettingsOf, policyOf, readSecret, type Settings } from './config.ts'
import { byName, hostInUrl, removeAddress, writeAddress } from './context.ts'
import { auditKeyIn, auditKeyOf, type Places, prepareDataDir, readOwnFile, tokenIn, writeWhole } from './datadir.ts'
import { deskProxy, type DeskProxy } from './desk-proxy.ts'
import type { DeskThreadData } from './desk-thread.ts'
import { emergencyOf } from './emergency.ts'
import { Stop } from './exit.ts'
import { readHaltFile, removeHaltFile, writeHaltFile } from './haltfile.ts'
import { brokerPulse } from './pulse.ts'
import { type Log, openLog } from './log.ts'
import { knowsItsStage, originIn } from './origin.ts'
import { newestSigned, verifierKeyOf } from './sealing.ts'
import { openOidc } from './sign-in.ts'

export const VERSION: string = packageJson.version
/** Days that the tokens in the data directory hold. A start renews those that have less than a quarter left. */
const TOKEN_DAYS = 365
const CENTURY_DAYS = 36_525
const DAY_MS = 86_400_000
/** The code printed at start is used after reading, and perhaps after coffee. */
const SETUP_CODE_MS = 60 * 60_000
const RECONCILE_MS = 60_000
/** In-hand errands may wait for a broker; whoever stops the service does not wait longer than this for them. */
const STOP_MS = 10_000

export type Overrides = {
  /** The time of the whole process; default: real time, or the market's where it has its own. */
  readonly clock?: ClockSpec
  /** A market that is moved by hand. */
  readonly market?: Market
  /** What the account begins with, where that is not what its stage says. */
  readonly limits?: Limits
  /** Where the settings are from, for lines that are pasted. */
  readonly file?: string | null
  /** Nothing on the console. */
  readonly quiet?: boolean
}

export type Gateway = {
  readonly url: string
  readonly places: Places
  readonly symbols: readonly string[]
  readonly clock: Clock
  readonly speed: number
  readonly desk: Desk
  readonly reads: Reads
  readonly broker: Broker
  /** One-time code for the first sign-in, an hour long. */
  readonly setupCode: string
  readonly agentToken: string
  /** Verifier key of the journal, to be noted elsewhere. */
  readonly verifierKey: string
  /** What was done for the first time: for the console. */
  readonly firstStart: boolean
  readonly log: Log
  /** Resolves when the gateway has had to stop by itself. */
  readonly failed: Promise<Fault>
  /** Runs everything that is due, until nothing is. */
  readonly drain: () => Promise<void>
  /** In order: no new requests, work in hand, last checkpoint, database. Twice is once. */
  close(): Promise<void>
}

/**
 * Starts a gateway.
 * @throws {Stop} with what a person can do: DATA, BUSY, CONFIG.
 * @throws {Fault} when the database is damaged or older than what was signed.
 */
export async function startGateway(settings: Settings, overrides: Overrides = {}): Promise<Gateway> {
  const undo: (() => unknown)[] = []
  try {
    return await start(settings, overrides, undo)
  } catch (error) {
    for (const step of undo.reverse()) await step()
    throw error
  }
}

async function start(settings: Settings, overrides: Overrides, undo: (() => unknown)[]): Promise<Gateway> {
  // Whatever is made from here on, by SQLite too, is for its owner alone.
  process.umask(0o077)
  const places = prepareDataDir(settings.dataDir)
  await portIsFree(settings)
  const log = openLog(places.log, settings.log.level, overrides.quiet === true ? null : process.stderr)
  undo.push(() => log.close())
  const key = auditKey(settings, places)
  const verifier = verifierKeyOf(key)
  const anchored = newestSigned(readAnchors(settings.audit.anchorsFile), [verifier])

  const prepared = prepareBroker(settings, places, overrides)
  const { spec, speed, symbols } = prepared
  const clock = clockOf(spec)
  const startedAt = clock.now()
  const account = accountID(settings)
  const { environment, promotedFrom, firstStage } = settings.account
  const isNewLive = environment === 'live' && !(await knowsItsStage(places))
  // The configuration has seen to it that a live account names one.
  const origin = isNewLive ? await originIn(promotedFrom ?? '', clock.now()) : null
  const first = origin?.stage ?? firstStage
  const setting: Setting = {
    account,
    policy: policyOf(settings),
    limiting: {
      first: overrides.limits ?? origin?.limits ?? defaultsOf(first),
      settings: limitSettingsOf(settings),
    },
    capabilities: prepared.capabilities,
    rolling: { first, origin },
    watching: { tighter: settings.watch },
    speed,
    version: VERSION,
    build: buildOf(),
  }
  const data: DeskThreadData = {
    file: places.database,
    boot: base32(randomBytes(10), 16),
    clock: spec,
    setting,
    anchored,
    sealing: {
      anchorsFile: settings.audit.anchorsFile,
      keyPem: String(key.export({ type: 'pkcs8', format: 'pem' })),
    },
  }
  // The thread takes the lock of the data directory: nothing below may happen without it.
  const proxy = await openDeskThread(data)
  undo.push(() => proxy.close())
  const reads = openReads(places.database)
  undo.push(() => reads.close())
  const firstStart = (await reads.head()).size === 0
  const [held] = await reads.all('identity')
  if (held && held.account !== account) throw otherBook(held.account, account, places)
  const { broker, stop: stopBroker } = await prepared.open(log)
  undo.push(stopBroker)
  await knownAccount(proxy.desk, broker, places)

  const desk = withHaltFile(proxy.desk, places.halt, reads, clock)
  // Before anything is recovered: what they find wrong with the settings ends the start.
  const { host, publicUrl, names = [] } = settings.listen
  let url = `http://${hostInUrl(host)}:${settings.listen.port}`
  const house = createHouse({
    desk,
    reads,
    clock,
    log,
    account,
    journal: verifier,
    environment: settings.account.environment,
    // Read at each card: with port 0 the address is known only when the service listens.
    get publicUrl() {
      return publicUrl ?? byName(url)
    },
  })
  const channels = openChannels(settings, {
    house,
    desk,
    reads,
    clock,
    speed,
    places,
    random: Math.random,
    log,
    onCommitted: proxy.onCommitted,
  })
  const pulse = brokerPulse(broker, clock, log)
  let notReady: string | null = 'the gateway is starting'
  const health: { -readonly [K in keyof Omit<Health, 'notReady'>]: Health[K] } & Pick<Health, 'notReady'> = {
    get notReady() {
      const fault = proxy.unwritable()
      return notReady ?? (fault && `the database cannot be written: ${UNWRITABLE[fault.code] ?? fault.code}`)
    },
    broker: pulse.now,
    speed,
    checkpoint: null,
    get channels() {
      return channels.troubles()
    },
  }
  proxy.onSealed((size) => {
    health.checkpoint = { size, at: clock.now() }
  })

  // A market's clock leaps over nights: nothing that people hold may run out by it.
  const days = spec.kind === 'system' ? TOKEN_DAYS : CENTURY_DAYS
  if (!firstStart && anchored === null)
    log.warn(
      { anchors: settings.audit.anchorsFile },
      'the anchors hold no checkpoint of this journal: nothing here tells whether the database is the newest one',
    )
  const agent = await ensureToken({
    desk,
    reads,
    clock,
    path: places.agentToken,
    given: settings.access.agentToken,
    name: 'jax',
    scopes: AGENT_SCOPES,
    days,
  })
  await ensureToken({
    desk,
    reads,
    clock,
    path: places.operatorToken,
    given: undefined,
    name: 'this machine',
    scopes: OPERATOR_SCOPES,
    days,
  })

  await desk.recover()
  await sayIgnored(reads, setting, clock, log)
  await desk.engageByFile()

  const worker = createWorker(
    {
      desk,
      reads,
      broker: pulse.broker,
      clock,
      random: Math.random,
      haltFile: () => readHaltFile(places.halt).halted,
      silentSince: () => (pulse.now.connected ? null : (pulse.now.heardAt ?? startedAt)),
      log: (level, message, facts) => log[level](facts, message),
    },
    `worker-${data.boot}`,
  )
  await firstLook(worker, clock, log)

  const halting = new AbortController()
  proxy.onWork((sends) => worker.wake(sends))
  const working = worker.run(halting.signal)
  const checkpoint = (): void =>
    void desk
      .checkpoint()
      .catch((error: unknown) =>
        log.error({ error: String(error) }, 'the journal could not be signed and anchored; it is tried again'),
      )
  const timers = [
    setInterval(
      () => void desk.requestReconcile({ type: 'system', id: 'timer', via: 'worker', session: null }).catch(() => {}),
      RECONCILE_MS,
    ),
  ]
  undo.push(() => {
    for (const timer of timers) clearInterval(timer)
    halting.abort()
  })

  const web = readAssets(join(INSTALLATION, 'dist', 'web'))
  const oidc = openOidc(settings, { publicUrl: () => publicUrl ?? byName(url), clock, log })
  const app = createApi({
    desk,
    reads,
    clock,
    random: randomBytes,
    log,
    account,
    environment: settings.account.environment,
    broker: settings.account.broker,
    capabilities: broker.capabilities,
    version: VERSION,
    node: process.versions.node,
    startedAt,
    web,
    served: {
      https: settings.listen.https,
      hosts: [...LOOPBACK, host, ...names, ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname])],
    },
    channels: channels.routes,
    emergency: emergencyOf(settings, overrides.file ?? null),
    ...(oidc && { oidc }),
    signalTerms: { ordType: 'Limit', timeInForce: 'Day' },
    limits: { idleMs: settings.access.idleMinutes * 60_000 },
    health: () => health,
    onCommitted: proxy.onCommitted,
  })
  undo.push(() => app.close())
  try {
    await app.listen({ host, port: settings.listen.port })
  } catch (error) {
    throw listenTrouble(error, settings)
  }
  const { port } = app.server.address() as AddressInfo
  url = `http://${hostInUrl(host)}:${port}`

  const { code, hash } = mintCode(randomBytes)
  const codeEnds = plusMs(clock.now(), spec.kind === 'system' ? SETUP_CODE_MS : CENTURY_DAYS * DAY_MS)
  await desk.issueCode({
    hash,
    expiresAt: codeEnds,
    actor: { type: 'system', id: 'gateway', via: 'start', session: null },
  })
  writeAddress(places, { url, pid: process.pid, version: VERSION })
  // From its first rows on, an older copy of the database is known for one.
  checkpoint()
  notReady = null
  channels.start()
  undo.push(() => channels.stop())
  log.info({ url, version: VERSION, account, firstStart, dashboard: web.size > 0 }, 'ready')

  const failed = proxy.died.then((fault) => {
    // Nothing can be recorded any more, so nothing may be sent: the worker is told before anybody else.
    notReady = 'the database thread stopped'
    halting.abort()
    log.error(
      { code: fault.code, error: fault.message },
      'the thread that records everything stopped; the gateway stops',
    )
    return fault
  })

  let closed: Promise<void> | null = null
  return {
    url,
    places,
    symbols,
    clock,
    speed,
    desk,
    reads,
    broker,
    setupCode: code,
    agentToken: agent,
    verifierKey: verifier,
    firstStart,
    log,
    failed,
    drain: () => worker.drain(),
    close: () => {
      closed ??= (async () => {
        notReady = 'the gateway is stopping'
        removeAddress(places)
        for (const timer of timers) clearInterval(timer)
        await app.close()
        await channels.stop()
        halting.abort()
        await within(STOP_MS, working)
        await desk
          .stopped()
          .catch((error: unknown) => log.warn({ error: String(error) }, 'that it stopped could not be written down'))
        await desk
          .checkpoint()
          .catch((error: unknown) => log.warn({ error: String(error) }, 'the last rows are not signed yet'))
        // Readers first: the last connection to close folds the log into the database.
        reads.close()
        await proxy.close()
        await stopBroker()
        log.info({}, 'stopped')
        log.close()
      })()
      return closed
    },
  }
}

const OPERATOR_SCOPES: readonly Scope[] = ['orders:read', 'approvals:read', 'kill:engage', 'signin:issue']

/**
 * The key that signs the journal, the same as ever: a new one would vouch for whatever stands there now, an older copy
 * of the database included.
 */
function auditKey(settings: Settings, places: Places): KeyObject {
  const ref = settings.audit.key
  const known = readOwnFile(places.verifierKey)
  if (ref === undefined && known !== null && !existsSync(places.auditKey))
    throw otherKey(`${places.auditKey} is missing, and the journal is signed with it.`, settings, places)
  let key: KeyObject
  if (ref === undefined) key = auditKeyIn(places).key
  else {
    const pem = readSecret(ref)
    if (!pem.ok) throw new Stop('CONFIG', `audit.key: ${pem.error}.`)
    key = auditKeyOf(pem.value, `${ref.kind}:${ref.name}`)
  }
  if (known === null) writeWhole(places.verifierKey, `${verifierKeyOf(key)}\n`)
  else if (known !== verifierKeyOf(key))
    throw otherKey(`The key of the journal is not the one that ${places.verifierKey} names.`, settings, places)
  return key
}
const otherKey = (message: string, settings: Settings, places: Places): Stop =>
  new Stop('DATA', message, {
    code: 'AUDIT_KEY_CHANGED',
    lines: [
      'Put the key back from where it was kept: another one would sign whatever stands in the database now.',
      `If it is lost, verify first (jax-exec audit verify), then move ${places.verifierKey} and ${settings.audit.anchorsFile} aside and keep them: a new key is made, and what was signed before is proven by them alone.`,
    ],
  })

async function openDeskThread(data: DeskThreadData): Promise<DeskProxy> {
  try {
    return await deskProxy(new Thread(new URL('./desk-thread.ts', import.meta.url), { workerData: data, name: 'desk' }))
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    if (error.code === 'STORE_LOCKED')
      throw new Stop('BUSY', 'A gateway is running on this data directory already.', {
        code: error.code,
        lines: [error.message],
        cause: error,
      })
    throw new Stop('DATA', `The database cannot be used: ${error.message}`, {
      code: error.code,
      lines: DATA_REMEDY[error.code] ?? [],
      cause: error,
    })
  }
}
/** In words that say nothing of this machine: anybody may ask whether the gateway is ready. */
const UNWRITABLE: Readonly<Record<string, string>> = {
  STORE_FULL: 'the disk is full',
  STORE_READ_ONLY: 'it is read-only',
  STORE_BUSY: 'another program holds it',
}
const DATA_REMEDY: Readonly<Record<string, readonly string[]>> = {
  STORE_DAMAGED: [
    'Look at what is left with: jax-exec audit verify',
    'Put the last backup back with: jax-exec restore FILE',
  ],
  STORE_ROLLED_BACK: ['Look at both with: jax-exec audit verify'],
}

/** Tokens that stand in files are known to the desk; a file whose token nobody knows, or that ends soon, gets a new one. */
async function ensureToken(ask: {
  desk: Desk
  reads: Reads
  clock: Clock
  path: string
  given: Settings['access']['agentToken']
  name: string
  scopes: readonly Scope[]
  days: number
}): Promise<string> {
  const { desk, reads, clock, path, given, name, scopes, days } = ask
  const mint = () =>
    mintToken(
      {
        environment: 'paper',
        name,
        owner: null,
        scopes,
        now: clock.now(),
        expiresAt: plusMs(clock.now(), days * DAY_MS),
      },
      randomBytes,
    )
  const actor = { type: 'system', id: 'gateway', via: 'start', session: null } as const
  let fresh = mint()
  if (given !== undefined) {
    const secret = readSecret(given)
    if (!secret.ok) throw new Stop('CONFIG', `access.agentToken: ${secret.error}.`)
    const id = /^jax_paper_([0-9a-z]{8})_[\w-]{43}$/.exec(secret.value)?.[1]
    if (id === undefined)
      throw new Stop('CONFIG', 'access.agentToken is not a token of ours.', {
        lines: ['It has the form jax_paper_ + 8 of 0-9 a-z + _ + 43 random characters of A-Z a-z 0-9 - _'],
      })
    if ((await reads.get('token', id)) === null)
      await desk.issueToken({ token: { ...fresh.token, tokenID: id, hash: sha256Hex(secret.value) }, actor })
    return secret.value
  }
  const { text, made } = tokenIn(path, () => fresh.secret)
  const known = made ? null : ((await reads.all('token')).find((token) => token.hash === sha256Hex(text)) ?? null)
  if (known !== null && (known.revokedAt !== null || endsLate(known.expiresAt, clock.now(), days))) return text
  if (!made) {
    // The database was replaced under the file, or the token has almost run out.
    fresh = mint()
    writeWhole(path, `${fresh.secret}\n`)
  }
  await desk.issueToken({ token: fresh.token, actor })
  return fresh.secret
}
const endsLate = (expiresAt: Instant, now: Instant, days: number): boolean =>
  expiresAt > plusMs(now, (days * DAY_MS) / 4)

/** A setting that would loosen a limit says nothing, and whoever wrote it should know. */
async function sayIgnored(reads: Reads, { limiting }: Setting, clock: Clock, log: Log): Promise<void> {
  const row = await reads.get('limits', 'account')
  if (!row || !limiting) return
  for (const one of tightenedBy(inForce(row, clock.now()), limiting.settings).ignored)
    log.warn(
      { setting: `policy.${one.name}`, limit: one.old, asked: one.new },
      `policy.${one.name} is looser than the risk limit in force, and says nothing; limits are loosened by people`,
    )
}

/**
 * The HALT file goes with the halt of the desk: written before it, so that a crash in between leaves trading stopped;
 * removed after its release, for the same reason. A file that somebody else made engages the halt with its own words.
 * It can say nothing less than everything, so that a halt of a part, or one that lets work what works, makes none.
 */
function withHaltFile(
  desk: Desk,
  path: string,
  reads: Reads,
  clock: Clock,
): Desk & { engageByFile(): Promise<boolean> } {
  let releasing: Promise<unknown> = Promise.resolve()

  /** Whether the file halts now; when it does, the desk knows it before this resolves. */
  async function engageByFile(): Promise<boolean> {
    // A file that is about to be removed must not halt again what has just been released.
    await releasing
    return heedFile()
  }
  async function heedFile(): Promise<boolean> {
    const file = readHaltFile(path)
    if (file.halted && (await reads.get('halt', 'global'))?.state?.level !== 'K4')
      await desk.halt({ reason: file.reason, actor: { type: 'system', id: file.by, via: 'file', session: null } })
    return file.halted
  }
  async function release(ask: Parameters<Desk['release']>[0]): ReturnType<Desk['release']> {
    const isAll = (ask.scope ?? 'global') === 'global'
    // One that came while less was halted is a stop of its own: nobody removes it unseen.
    if (isAll) await heedFile()
    const released = await desk.release(ask)
    if (!released.ok || !isAll) return released
    try {
      removeHaltFile(path)
      return released
    } catch (error) {
      const why = `${path} cannot be removed (${(error as { code?: string }).code ?? String(error)})`
      await desk.halt({ reason: why, actor: { type: 'system', id: 'file', via: 'file', session: null } })
      const text = `${why}, and halts as long as it is there. Remove it by hand, then release again.`
      return err({ code: 'TRADING_HALTED', text, refusals: [] })
    }
  }

  return {
    ...desk,
    engageByFile,
    async halt(ask) {
      const { scope = 'global', level } = ask
      if (scope !== 'global' || levelFor(scope, level) !== 'K4') return desk.halt(ask)
      const person = ask.actor.type === 'person' ? await reads.get('person', ask.actor.id) : null
      try {
        writeHaltFile(path, { by: person?.name ?? ask.actor.id, reason: ask.reason, at: rfc3339(clock.now()) })
      } catch {
        // A full or broken disk: the desk's own halt still holds, and says so when it fails too.
      }
      return desk.halt(ask)
    },
    release(ask) {
      const done = release(ask)
      releasing = done.catch(() => {})
      return done
    },
    claimSend: async (owner, leaseMs, haltFile) => desk.claimSend(owner, leaseMs, haltFile && (await engageByFile())),
    beginSend: async (subject, haltFile) => desk.beginSend(subject, haltFile && (await engageByFile())),
  }
}

/** A book and the account that it is about belong together for good. @throws {Stop} when the broker opened another one. */
async function knownAccount(desk: Desk, broker: Broker, places: Places): Promise<void> {
  let opened: Identity
  try {
    opened = await broker.identity()
  } catch (error) {
    if (!(error instanceof ReadFailed)) throw error
    throw new Stop('UNAVAILABLE', `The broker did not say whose account it is: ${error.message}.`, {
      code: 'BROKER_UNREACHABLE',
      lines: ['Nothing was started, and nothing was sent. Start again in a moment.'],
      cause: error,
    })
  }
  const known = await desk.identify(opened)
  if (known.ok) return
  const { account, identity } = known.error
  if (account !== broker.account || identity === null) throw otherBook(account, broker.account, places)
  const named = ({ name, accountID: id }: Identity): string => (name === id ? name : `${name} (${id})`)
  throw new Stop(
    'CONFIG',
    `${account} is the account ${named(identity)}, and the keys open another one: ${named(opened)}.`,
    {
      code: 'OTHER_ACCOUNT',
      lines: [
        NOTHING_DONE,
        `If the keys are a mistake, put those of ${identity.name} back.`,
        'If the paper account was reset, the broker made a new account with new keys, and this book tells of the old one.',
        'Give the new account a data directory of its own (dataDir in the configuration, or --data-dir), and keep this one as the record of the old.',
      ],
    },
  )
}

/** One book holds one account: the positions of two would never add up with either broker. */
const otherBook = (held: AccountID, wanted: AccountID, places: Places): Stop =>
  new Stop('CONFIG', `The data directory ${places.dir} holds the book of ${held}; ${wanted} needs another one.`, {
    code: 'OTHER_ACCOUNT',
    lines: [NOTHING_DONE, ownDirectory(wanted)],
  })
const NOTHING_DONE = 'Nothing was started, and nothing was sent.'
const ownDirectory = (account: AccountID): string =>
  `Give each account a data directory of its own, such as dataDir: data-${account.split(':').slice(1).join('-')} in the configuration, or --data-dir.`

/** Everything that was cut off is looked up, and the book compared, before anybody can say yes to something new. */
async function firstLook(worker: Worker, clock: Clock, log: Log): Promise<void> {
  const late = new AbortController()
  const looked = worker.drain().then(() => true)
  const inTime = await Promise.race([looked, clock.sleep(FIRST_LOOK_MS, late.signal).then(() => false)])
  late.abort()
  if (!inTime) log.warn({}, 'the broker has not answered everything yet; the gateway starts, and orders wait for it')
}
const FIRST_LOOK_MS = 10_000

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, ms)))])
  clearTimeout(timer)
}

/** Asked before anything is opened, so that the usual mistake costs nothing. */
async function portIsFree(settings: Settings): Promise<void> {
  const { host, port } = settings.listen
  if (port === 0) return
  const probe = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject)
      probe.listen({ host, port, exclusive: true }, resolve)
    })
  } catch (error) {
    throw listenTrouble(error, settings)
  } finally {
    probe.close()
  }
}

function listenTrouble(error: unknown, { listen: { host, port } }: Settings): unknown {
  const code = (error as { code?: string }).code
  if (code === 'EADDRINUSE')
    return new Stop('BUSY', `Port ${port} on ${host} is in use.`, {
      code,
      lines: [
        'If a gateway runs there already, use that one. Otherwise choose another port: --port 7071 (or --port 0 for any free one).',
      ],
    })
  if (code === 'EACCES')
    return new Stop('BUSY', `Port ${port} needs more rights than this process has.`, {
      code,
      lines: ['Choose one above 1023: --port 7071'],
    })
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new Stop('CONFIG', `${host} is not an address of this machine.`, {
      code,
      lines: ['Use listen.host: 127.0.0.1'],
    })
  return error
}
