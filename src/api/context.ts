import type { ApprovalPolicy } from '../approvals/policy.ts'
import { policyOf } from '../desk/approving.ts'
import type { Desk } from '../desk/desk.ts'
import { statesOf } from '../orders/halt.ts'
import type { Channel } from '../ports/channel.ts'
import type { Clock } from '../ports/clock.ts'
import { newestOf } from '../orders/generations.ts'
import type { Order } from '../orders/machine.ts'
import type { Capabilities } from '../ports/broker.ts'
import type { Intent, Session } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { AccountID } from '../values/brand.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { type Caller, uses } from './access.ts'
import { canApprove, canReplace, yesesTo } from './beforehand.ts'
import type { SignalTerms } from './intake.ts'
import type { Oidc } from './oidc.ts'
import type { EmergencyDeps } from './routes-emergency.ts'
import { type NameOf, type Seen, signsNow, viewIntent, viewOrder } from './present.ts'
import type * as wire from './wire.ts'

/** What pino and its like offer. */
export type Log = Readonly<Record<'info' | 'warn' | 'error', (fields: object, text: string) => void>>

/** A file of the dashboard, in memory. `type` is its Content-Type. */
export type Asset = { readonly body: Uint8Array | string; readonly type: string }

/** What is felt of the connection to the broker. */
export type BrokerHealth = {
  /** Whether the last question was answered. */
  readonly connected: boolean
  /** When it last answered or reported; null before the first time. */
  readonly heardAt: Instant | null
  /** The stream of its reports; null where there is none to lose. */
  readonly stream: { readonly up: boolean; readonly since: Instant; readonly text: string | null } | null
  /** How many calls since the start came to what: `submit accepted`, `quote failed`. */
  readonly calls: ReadonlyMap<string, number>
}

/** What the rest of the process knows about itself now. */
export type Health = {
  /** Why no request should be sent here; null when all is well. */
  readonly notReady: string | null
  readonly broker: BrokerHealth
  /** How much faster than a person's time the market's clock runs: 1 but in a replay. */
  readonly speed: number
  readonly checkpoint: { readonly size: number; readonly at: Instant } | null
  /** The chats and notices that are configured, and what is wrong with each, in words; null where nothing is. */
  readonly channels?: readonly { readonly channel: string; readonly text: string | null }[]
}

export type Limits = {
  /** Bytes of a body. */
  readonly bodyBytes: number
  /** How long a new intent is waited for until it is sized. */
  readonly settleMs: number
  readonly sessionMs: number
  /** How long nobody may use a session of the page before it is over. */
  readonly idleMs: number
  readonly codeMs: number
  readonly tokenDays: number
  /** Failed sign-ins at once by address, and how long until one more is heard. */
  readonly failedBurst: number
  readonly failedEveryMs: number
  readonly streams: number
  readonly streamsOfOne: number
  /** Bytes that may wait for one slow reader of the event stream, and how long it may not read at all. */
  readonly streamBytes: number
  readonly streamStallMs: number
  readonly heartbeatMs: number
  /** Orders of one proposer that may wait for people at once: more would be clicked away, not looked at. */
  readonly waitingOfOne: number
  /** How long a passkey may take to sign a decision. */
  readonly challengeMs: number
  /** Bytes of a request to a channel. */
  readonly channelBytes: number
}

export const LIMITS: Limits = {
  bodyBytes: 64 * 1024,
  settleMs: 2000,
  sessionMs: 12 * 3_600_000,
  idleMs: 12 * 3_600_000,
  codeMs: 10 * 60_000,
  tokenDays: 90,
  failedBurst: 10,
  failedEveryMs: 6000,
  streams: 100,
  streamsOfOne: 10,
  streamBytes: 1024 * 1024,
  // Shorter than the heartbeat would cut readers that only pause; longer keeps dead ones.
  streamStallMs: 30_000,
  heartbeatMs: 15_000,
  waitingOfOne: 20,
  challengeMs: 2 * 60_000,
  channelBytes: 256 * 1024,
}

/** Everything the API is given. It reaches nothing else. */
export type ApiDeps = {
  readonly desk: Desk
  readonly reads: Reads
  readonly clock: Clock
  /** Cryptographic randomness. */
  readonly random: (bytes: number) => Uint8Array
  readonly log: Log
  readonly account: AccountID
  readonly environment: 'paper' | 'live'
  readonly broker: string
  readonly capabilities: Capabilities
  readonly version: string
  /** Version of Node. */
  readonly node: string
  readonly startedAt: Instant
  /** The dashboard by URL path; `/index.html` also answers the dashboard's own pages. */
  readonly web: ReadonlyMap<string, Asset>
  /** Names this gateway may be called by, without port. `https`: served behind TLS, so cookies are `Secure` and HSTS is sent. */
  readonly served: { readonly https: boolean; readonly hosts: readonly string[] }
  /** How signals, which name neither, are sent. */
  readonly signalTerms: SignalTerms
  /** The provider that people may sign in by; absent where none is configured. */
  readonly oidc?: Oidc
  /** What listens below `/channels/`. */
  readonly channels?: readonly ChannelRoute[]
  /** What `/emergency` shows to this machine; absent: there is no such page. */
  readonly emergency?: EmergencyDeps
  readonly limits?: Partial<Limits>
  readonly health: () => Health
  /** Calls back after each commit with the number of the newest journal row. */
  readonly onCommitted: (listener: (seq: number) => void) => () => void
}

/** One address of a channel: whoever asks there proves it in the request itself, so it is handed on as it came. */
export type ChannelRoute = Channel['routes'][number]

/** Names of a host on the loopback interface: the default for `served.hosts`. */
export const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** What handlers work with: the dependencies, and the reads that several of them need. */
export type Api = Omit<ApiDeps, 'limits' | 'channels' | 'emergency'> & {
  readonly limits: Limits
  /** Aborted when the server closes. */
  readonly closing: AbortSignal
  /** Event streams that are open, and of whom. */
  readonly streams: Map<Promise<void>, string>
  /** How many proposals of each caller are being taken down now. */
  readonly proposing: Map<string, number>
  /** Whether a session of the page is over because nobody used it. */
  isIdle(session: Session, at: Instant): boolean
  /** Notes that somebody used a session at that moment. */
  used(hash: string, at: Instant): void
  seen(caller: Caller): Promise<Seen>
  names(): Promise<NameOf>
  /** The policy of approvals as it is now. */
  policy(): Promise<ApprovalPolicy>
  /** One intent as the caller sees it, with the order that works for it now. */
  show(intent: Intent, seen: Seen): Promise<wire.Intent>
  /** One order as the caller sees it. */
  showOrder(order: Order, caller: Caller): Promise<wire.Order>
  /** Resolves with the intent once it is sized, or as it stands after `settleMs`. */
  settled(intent: Intent): Promise<Intent>
}

/** What people and tokens go by. Of whoever nobody has vouched for it says so: the name is one that they chose themselves. */
export async function namesOf(reads: Reads): Promise<NameOf> {
  const [people, tokens] = await Promise.all([reads.all('person'), reads.all('token')])
  const known = new Map<string, string>()
  for (const { personID, name, newcomer } of people)
    for (const said of newcomer ? [name, personID] : [personID]) known.set(said, newcomer ? `${name} (new)` : name)
  for (const token of tokens) known.set(token.tokenID, token.name)
  return (id) => known.get(id) ?? id
}

/** The order that works for an intent now; null before there is one. */
export async function orderOf(reads: Reads, intent: Intent): Promise<Order | null> {
  const orders = intent.clOrdID ? await reads.ordersOf(intent.intentID) : []
  const first = orders.find(({ clOrdID }) => clOrdID === intent.clOrdID)
  return first ? newestOf(first, orders) : null
}

export function context(deps: ApiDeps, closing: AbortSignal): Api {
  const { reads, clock } = deps
  const limits = { ...LIMITS, ...deps.limits }
  const names = (): Promise<NameOf> => namesOf(reads)
  const sessions = uses()
  return {
    ...deps,
    limits,
    closing,
    streams: new Map(),
    proposing: new Map(),
    // The command line's is in a file of one operating-system user, for commands with hours between them.
    isIdle: (session, at) => session.via === 'web' && at >= lasting(deps, sessions.last(session), limits.idleMs),
    used: (hash, at) => sessions.note(hash, at),
    async seen(caller) {
      const now = clock.now()
      const decides = caller.scopes.has('approvals:decide') || caller.scopes.has('approvals:policy')
      const passkeys = decides ? reads.all('passkey') : []
      const [halts, name, keys] = await Promise.all([reads.all('halt'), names(), passkeys])
      const signs = keys.some((passkey) => signsNow(passkey, caller.id, deps.environment, now))
      return { caller, now, halts: statesOf(halts), name, signs }
    },
    names,
    policy: () => policyOf(reads, deps.environment),
    async show(intent, seen) {
      const [order, approve, counted] = await Promise.all([
        orderOf(reads, intent),
        canApprove(reads, intent, seen),
        yesesTo(reads, intent, seen.now),
      ])
      return viewIntent(intent, order, seen, approve, counted)
    },
    async showOrder(order, caller) {
      const intent = await reads.get('intent', order.intentID)
      return viewOrder(order, caller, canReplace(order, intent, caller, deps.capabilities))
    },
    async settled(intent) {
      if (intent.state !== 'Received') return intent
      let now = intent
      const late = timer(clock, limits.settleMs)
      const until = AbortSignal.any([closing, late.signal])
      const bell = committedBell(deps.onCommitted)
      try {
        // Looked at once more after the bell is hung: it may have been sized before anybody listened.
        while (now.state === 'Received') {
          now = (await reads.get('intent', intent.intentID)) ?? now
          if (now.state !== 'Received' || until.aborted) break
          await bell.next(until)
        }
      } finally {
        bell.close()
        late.stop()
      }
      return now
    },
  }
}

const CENTURY_MS = 36_525 * 86_400_000
/** When something that is given now ends. In a replay the market's clock leaps over nights, and no lifetime can be told by it. */
export const lasting = (api: Pick<Api, 'health'>, now: Instant, ms: number): Instant =>
  plusMs(now, api.health().speed === 1 ? ms : CENTURY_MS)

/** A signal that aborts after `ms` of a person's time, unless it is stopped before. */
export function timer(clock: Clock, ms: number): { readonly signal: AbortSignal; stop(): void } {
  const [late, stopped] = [new AbortController(), new AbortController()]
  const ring = (): void => {
    if (!stopped.signal.aborted) late.abort()
  }
  clock.sleep(ms, stopped.signal).then(ring, ring)
  return { signal: late.signal, stop: () => stopped.abort() }
}

/**
 * Waits for commits without missing one: a commit between two calls of `next` makes the second one return at once.
 * `next` also returns when `signal` aborts.
 */
export function committedBell(onCommitted: ApiDeps['onCommitted']): {
  next(signal: AbortSignal): Promise<void>
  close(): void
} {
  let rung = false
  let wake: (() => void) | null = null
  const ring = (): void => {
    rung = true
    wake?.()
  }
  const close = onCommitted(ring)
  return {
    async next(signal) {
      if (!rung && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>()
        const stop = (): void => resolve()
        wake = stop
        signal.addEventListener('abort', stop, { once: true })
        await promise
        signal.removeEventListener('abort', stop)
        wake = null
      }
      rung = false
    },
    close,
  }
}
