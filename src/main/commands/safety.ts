import { statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { userInfo } from 'node:os'
import type { Halt, HaltLevel, Status } from '../../api/wire.ts'
import { isScope, tradingIn } from '../../orders/halt.ts'
import { type Client, ProblemAnswer } from '../client.ts'
import type { Context } from '../context.ts'
import { type ByHand, haltAtBroker, haltWithoutService, isByHand, livesApart, unlockBroker } from './at-broker.ts'
import { proposed } from './approvals.ts'
import { haltEach } from './each.ts'
import { Stop } from '../exit.ts'
import { readHaltFile, writeHaltFile } from '../haltfile.ts'
import { LEVELS } from '../../web/halt/levels.ts'
import { fourEyesInWords, grouped, harmless, pairs, paint, table, TASK_COLUMNS, when } from '../print.ts'

const PROOF_COLUMNS = [
  { title: 'order', of: (line: Proof) => line.clOrdID },
  { title: 'symbol', of: (line: Proof) => line.symbol },
  { title: 'status', of: (line: Proof) => line.ordStatus },
] as const
type Proof = Halt['proof'][number]

const HALT_COLUMNS = [
  { title: 'halted', of: ({ scope }: Halt['halts'][number]) => scope },
  { title: 'level', of: ({ level }: Halt['halts'][number]) => level },
  { title: 'since', of: ({ since }: Halt['halts'][number]) => when(since) },
  { title: 'by', of: ({ by }: Halt['halts'][number]) => by },
  { title: 'why', of: ({ reason }: Halt['halts'][number]) => reason },
] as const

type Scoped = Partial<Record<'symbol' | 'strategy' | 'account' | 'broker', string>>
type Halting = Scoped & ByHand & { readonly level?: HaltLevel; readonly also?: readonly string[] }

/** Whoever halts does not wait longer for a service that hangs: what it would do is done at the broker then. */
const SERVICE_MS = 3_000

/** Symbols are capital letters, and in a hurry they are typed without. */
const scopeOf = ({ symbol, strategy, account, broker }: Scoped): string | undefined =>
  [
    symbol !== undefined && `symbol:${symbol.toUpperCase()}`,
    strategy !== undefined && `strategy:${strategy}`,
    account !== undefined && `account:${account}`,
    broker !== undefined && `broker:${broker}`,
  ].find((scope) => scope !== false)

/** Stops trading: all of it, whatever happens; or a part, or only so far, which is something that the service must do. */
export async function halt(ctx: Context, options: Halting): Promise<void> {
  if (options.also !== undefined) return haltEach(ctx, { ...options, also: options.also })
  const isEverything = scopeOf(options) === undefined && ((options.level ?? 'K4') === 'K4' || isByHand(options))
  return isEverything ? haltAll(ctx, options) : haltPart(ctx, options)
}

/**
 * The HALT file comes first, because it works with the service dead and the database unreadable; then the running service
 * is told, and its orders are watched until it is proven that none works.
 */
async function haltAll(ctx: Context, options: Halting): Promise<void> {
  const { dir, halt: file } = ctx.places()
  let written: { readonly ok: true } | { readonly ok: false; readonly why: string }
  if (statSync(dir, { throwIfNoEntry: false }) === undefined)
    written = { ok: false, why: `there is no data directory ${dir}` }
  else
    try {
      writeHaltFile(file, { by: userName(), reason: options.reason, at: new Date().toISOString() })
      written = { ok: true }
    } catch (error) {
      written = { ok: false, why: (error as Error).message }
    }
  if (written.ok)
    ctx.out.say(
      `${paint('bold', 'HALTED', process.stderr)} by file: ${file}. No new order leaves from this data directory, whether the service runs or not.`,
    )
  else ctx.out.say(`The HALT file could not be written (${written.why}); telling the service.`)

  const latched = { file: written.ok ? file : null, by: userName() }
  const byHand = isByHand(options) && livesApart(ctx)
  let state: Halt
  try {
    state = await ctx.client('anyone', SERVICE_MS).halt(options.reason)
    if (!byHand) state = await watch(ctx, options.wait)
  } catch (error) {
    return haltWithoutService(ctx, options, latched, error as Error)
  }
  if (byHand) return haltAtBroker(ctx, options, { ...latched, service: state })
  ctx.out.answer(
    { halted: true, dataDir: dir, file: written.ok ? file : null, service: state },
    () =>
      `${table(PROOF_COLUMNS, state.proof, 'No entry was open.')}\n${state.proven ? `Halted, and proven: no entry is open at the broker, which was asked at ${when(state.comparedAt)}. Stops and targets stay.` : 'Halted, and not proven yet:'}`,
  )
  if (!state.proven)
    throw new Stop('FAILED', `It was not proven within ${options.wait} s that no entry works at the broker.`, {
      code: 'NOT_PROVEN',
      lines: [
        ...unproven(state),
        'No new order leaves. The cancels and the questions are repeated until the broker answers; watch with: jax-exec status',
        'When it takes long, ask the broker from here: jax-exec halt --at-broker. Or cancel on its own page.',
      ],
    })
}

/** What stands between this halt and its proof, one thing a line. */
function unproven(state: Halt): readonly string[] {
  const { openOrders, proof, comparedAt, since } = state
  const open = proof.slice(0, openOrders)
  if (open.length > 0) return open.map(openInWords)
  if (comparedAt !== null && since !== null && comparedAt >= since)
    return [
      `Of our own orders no entry is open. The comparison with the broker at ${when(comparedAt)} found what our book does not explain; "jax-exec status" says what.`,
    ]
  const last = comparedAt === null ? 'It was never asked.' : `It was last asked at ${when(comparedAt)}.`
  return [
    `Of our own orders no entry is open. The broker has not been asked for all it holds since the halt (${when(since)}), so that one may work there which this gateway does not know. ${last}`,
  ]
}

const PROVEN = 'Proven: no entry works at the broker, by its own word since the halt.'

/** `HALTED by Ana since …: reason`, `AAPL HALTED (K1) by …` */
function haltInWords({ scope, level, by, reason, since }: Halt['halts'][number]): string {
  const what = isScope(scope) && scope !== 'global' ? `${tradingIn(scope)} is ` : ''
  return `${what}HALTED (${level}) by ${by} since ${when(since)}: ${reason}`
}

const openInWords = ({ clOrdID, symbol, ordStatus }: Proof): string =>
  harmless(`${clOrdID} in ${symbol} is ${ordStatus}.`)

/** Tells the running service, which alone can tell one strategy or symbol from another. There is no file for it. */
async function haltPart(ctx: Context, options: Halting): Promise<void> {
  const scope = scopeOf(options)
  const client = ctx.client('anyone')
  let state: Halt
  try {
    state = await client.halt(options.reason, {
      ...(scope !== undefined && { scope }),
      ...(options.level !== undefined && { level: options.level }),
    })
  } catch (error) {
    const what = scope !== undefined && isScope(scope) ? tradingIn(scope) : 'Trading'
    throw new Stop('UNAVAILABLE', `NOT HALTED. ${harmless(what)} goes on, as far as anybody knows.`, {
      code: 'NOT_HALTED',
      lines: [
        (error as Error).message,
        'Only the service can stop a part, or stop only so far. Stop everything, which works without it: jax-exec halt',
      ],
      cause: error,
    })
  }
  const held = state.halts.find((one) => one.scope === (scope ?? 'global'))
  ctx.out.answer({ halted: true, dataDir: ctx.places().dir, file: null, service: state }, () =>
    [
      table(HALT_COLUMNS, state.halts, 'Nothing is halted.'),
      ...(held === undefined ? [] : [harmless(LEVELS[held.level])]),
      ...(scope === undefined || held?.level === 'K4'
        ? []
        : ['What works at the broker stays. Take it back too with: --level K4']),
    ].join('\n'),
  )
  const strange = await strangeName(client, options)
  if (strange !== null)
    ctx.out.say(
      harmless(`${strange} The halt holds for that name. If it is mistyped, halt the right one, or everything.`),
    )
  const open = held?.level === 'K4' && scope !== undefined ? await watchPart(ctx, scope, options.wait) : []
  if (open.length > 0)
    throw new Stop('FAILED', `${open.length} entries were not proven canceled within ${options.wait} s.`, {
      code: 'NOT_PROVEN',
      lines: [
        ...open.map(openInWords),
        'No new order of this part leaves. The cancels are repeated until the broker confirms; watch with: jax-exec status',
      ],
    })
}

/** A name that was mistyped would stop nothing, and look as if it did. Null when it is known, or nobody can be asked. */
async function strangeName(client: Client, { symbol, strategy }: Scoped): Promise<string | null> {
  try {
    if (strategy !== undefined) {
      if ((await client.intents({ strategy, limit: 1 })).items.length > 0) return null
      const seen = new Set((await client.intents({ limit: 200 })).items.map((intent) => intent.strategyID))
      return `No signal of a strategy "${strategy}" was ever seen. ${seen.size > 0 ? `Seen lately: ${[...seen].sort().join(', ')}.` : 'There was no signal yet.'}`
    }
    if (symbol !== undefined) await client.instrument(symbol.toUpperCase())
    return null
  } catch (error) {
    const isUnknown = error instanceof ProblemAnswer && error.problem.status === 404
    return isUnknown ? `The broker does not trade "${symbol}" here, as far as the gateway knows.` : null
  }
}

/** Reads the entries of this part until none is open, or `seconds` are over. */
async function watchPart(ctx: Context, scope: string, seconds: number): Promise<Halt['proof']> {
  const client = ctx.client('anyone')
  const until = Date.now() + seconds * 1000
  for (;;) {
    const open = (await client.halted()).halts.find((one) => one.scope === scope)?.open ?? []
    if (open.length === 0 || Date.now() >= until) return open
    await delay(300)
  }
}

/** Reads the proof until nothing is left to be proven, or `seconds` are over. */
async function watch(ctx: Context, seconds: number): Promise<Halt> {
  const client = ctx.client('anyone')
  const until = Date.now() + seconds * 1000
  let told = ''
  for (;;) {
    const state = await client.halted()
    const now =
      state.openOrders > 0
        ? `${state.openOrders} entries are still open …`
        : state.proven
          ? 'No entry is open.'
          : 'No entry of ours is open; asking the broker for all it holds …'
    if (now !== told) ctx.out.say(now)
    told = now
    if (state.proven || Date.now() >= until) return state
    await delay(300)
  }
}
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown user'
  }
}

type Resuming = Scoped & { readonly reason: string; readonly unlockBroker?: boolean }
export async function resume(ctx: Context, options: Resuming): Promise<void> {
  const client = ctx.client('person')
  const unlock = options.unlockBroker === true
  try {
    await released(client, options.reason, scopeOf(options))
  } catch (error) {
    if (error instanceof ProblemAnswer && error.problem.code === 'RELEASE_IS_A_CHANGE') {
      if (unlock) ctx.out.say('The lock at the broker stays until the halt is released: run this again then.')
      return proposed(ctx, { kind: 'release', scope: scopeOf(options) ?? 'global' }, options.reason)
    }
    // Released before, and locked still: then this is for the lock.
    if (!(unlock && error instanceof ProblemAnswer && error.problem.code === 'NOT_HALTED')) throw error
  }
  if (unlock) await unlockBroker(ctx, userName())
  const state = await client.halted()
  ctx.out.answer(state, () =>
    state.halts.length > 0
      ? `Released. Still halted:\n${table(HALT_COLUMNS, state.halts, '')}`
      : 'Released. New orders may leave again, each with its own approval.',
  )
}

/** Half a minute: a broker that counts requests may take that long to be compared with. */
const RELEASE_TRIES = 60

/**
 * A release needs a comparison with the broker that is younger than the halt; the first try starts one. It is tried again
 * for the halt that stood at the beginning and for no other: one that came meanwhile has been seen by nobody.
 */
export async function released(
  client: Pick<Client, 'halted' | 'resume'>,
  reason: string,
  scope = 'global',
): Promise<void> {
  const standing = async () => (await client.halted()).halts.find((one) => one.scope === scope)
  const meant = await standing()
  for (let tries = RELEASE_TRIES; ; tries--) {
    try {
      await client.resume(reason, scope)
      return
    } catch (error) {
      if (!(error instanceof ProblemAnswer && error.problem.code === 'UNRECONCILED' && tries > 0)) throw error
      const now = await standing()
      if (now && now.since !== meant?.since)
        throw new Stop('REFUSED', `Not released: it was halted again meanwhile. ${harmless(haltInWords(now))}`, {
          code: 'HALTED_AGAIN',
          lines: ['Look at why. Then release it with the same command.'],
        })
      await delay(500)
    }
  }
}

export async function status(ctx: Context): Promise<void> {
  const file = readHaltFile(ctx.places().halt)
  const client = ctx.client('anyone')
  const [now, halted] = await Promise.all([client.status(), client.halted()])
  const haltText = [
    ...(now.notReady === null
      ? []
      : [paint('red', harmless(`CANNOT WORK: ${now.notReady}. Nothing is recorded, so nothing is sent.`))]),
    ...(file.halted && !halted.engaged ? [paint('red', `HALTED by file (${file.by}): ${file.reason}`)] : []),
    ...halted.halts.map((one) => paint('red', harmless(haltInWords(one)))),
    ...(halted.engaged || file.halted || now.notReady !== null
      ? []
      : [paint('green', halted.halts.length > 0 ? 'all else trades' : 'trading')]),
    ...(halted.level === 'K4' ? [halted.proven ? PROVEN : unproven(halted).join('\n')] : []),
  ].join('\n')
  const { account, reconciliation } = now
  ctx.out.answer({ ...now, halt: halted, haltFile: file }, () =>
    pairs([
      ['gateway', `${now.version} on Node ${now.node}, at ${client.url}, up since ${when(now.startedAt)}`],
      [
        'account',
        account === null
          ? 'not read yet'
          : `${account.account}, ${account.environment === 'paper' ? 'paper money' : 'REAL MONEY'}, equity ${grouped(account.equity)} ${account.currency}${account.status === 'Active' ? '' : `, ${account.status.toUpperCase()} at the broker: it takes no new order`}`,
      ],
      ...(account === null ? [] : [['four-eyes', fourEyesInWords(account.fourEyes)] as const]),
      ['broker', connectionText(now)],
      ['waiting for a decision', String(now.awaiting)],
      ['open orders', String(now.openOrders)],
      ['tasks for a person', String(now.tasks)],
      [
        'last reconciliation',
        reconciliation === null
          ? 'none yet'
          : `${when(reconciliation.at)}, ${reconciliation.clean ? 'clean' : `NOT CLEAN: ${reconciliation.findings.join('; ')}`}`,
      ],
      ...(now.marketClock.speed === 1
        ? []
        : [['market clock', `${when(now.now)}, ${now.marketClock.speed} times as fast as life`] as const]),
    ]).concat(`\n${haltText}`),
  )
}

export async function takeIn(ctx: Context, symbol: string, options: { reason: string; price?: string }): Promise<void> {
  await ctx.client('person').takeIn(symbol, options.reason, options.price)
  ctx.out.answer(
    { symbol, takenIn: true },
    () => `What the broker holds of ${harmless(symbol)} is ours now. The books are compared.`,
  )
}

export async function tasks(ctx: Context): Promise<void> {
  const items = await ctx.client('anyone').tasks()
  ctx.out.answer(items, () => table(TASK_COLUMNS, items, 'Nothing waits for a person.'))
}

export async function acknowledge(ctx: Context, id: string): Promise<void> {
  const task = await ctx.client('person').acknowledge(id)
  ctx.out.answer(task, () => `Seen: ${harmless(task.text)}\nWhat to do: ${task.runbook}`)
}

export async function closeTask(ctx: Context, id: string, options: { note: string }): Promise<void> {
  const task = await ctx.client('person').closeTask(id, options.note)
  ctx.out.answer(task, () => `Closed: ${harmless(task.text)}`)
}

/** `alpaca (PA3ABC), answered 2026-11-24 14:03:07 UTC, stream up since …` */
function connectionText({ account, brokerConnected, brokerHeardAt, brokerStream }: Status): string {
  const name =
    account === null ? [] : [account.brokerName === null ? account.broker : `${account.broker} (${account.brokerName})`]
  const heard = brokerHeardAt === null ? 'never heard' : `last heard ${when(brokerHeardAt)}`
  const stream =
    brokerStream === null
      ? []
      : [
          brokerStream.up
            ? `stream up since ${when(brokerStream.since)}`
            : `STREAM LOST since ${when(brokerStream.since)}: orders are polled`,
        ]
  return [...name, brokerConnected ? 'connected' : 'NOT CONNECTED', heard, ...stream].join(', ')
}

/** Asks for a comparison with the broker and waits for its result. */
export async function reconcile(ctx: Context): Promise<void> {
  const client = ctx.client('person')
  const before = (await client.reconciliation())?.at ?? null
  await client.reconcile()
  const until = Date.now() + RECONCILE_WAIT_MS
  let run = await client.reconciliation()
  while ((run === null || run.at === before) && Date.now() < until) {
    await delay(200)
    run = await client.reconciliation()
  }
  if (run === null || run.at === before)
    throw new Stop('FAILED', 'The broker has not been compared yet; it is tried until it works.', {
      lines: ['See: jax-exec status'],
    })
  ctx.out.answer(run, () =>
    run.clean
      ? [`Clean at ${when(run.at)}: our book and the broker's agree.`, ...run.findings.map(harmless)].join('\n')
      : `NOT CLEAN at ${when(run.at)}:\n${harmless(run.findings.join('\n'))}`,
  )
  if (!run.clean)
    throw new Stop('DIFFERS', `${run.findings.length} findings need a person.`, { lines: ['See: jax-exec tasks'] })
}
const RECONCILE_WAIT_MS = 30_000
