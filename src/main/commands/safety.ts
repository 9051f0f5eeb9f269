import { statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { userInfo } from 'node:os'
import type { Halt, Status } from '../../api/wire.ts'
import { type Client, NoAnswer, ProblemAnswer } from '../client.ts'
import type { Context } from '../context.ts'
import { Stop } from '../exit.ts'
import { readHaltFile, writeHaltFile } from '../haltfile.ts'
import { fourEyesInWords, grouped, harmless, pairs, paint, table, TASK_COLUMNS, when } from '../print.ts'

const PROOF_COLUMNS = [
  { title: 'order', of: (line: Halt['proof'][number]) => line.clOrdID },
  { title: 'symbol', of: (line: Halt['proof'][number]) => line.symbol },
  { title: 'status', of: (line: Halt['proof'][number]) => line.ordStatus },
] as const

/**
 * Stops trading. The HALT file comes first, because it works with the service dead and the database unreadable; then the
 * running service is told, and its orders are watched until none is open.
 */
export async function halt(ctx: Context, options: { reason: string; wait: number }): Promise<void> {
  const { dir, halt: file } = ctx.places()
  let written:
    | { readonly ok: true; readonly by: string; readonly reason: string }
    | { readonly ok: false; readonly why: string }
  if (statSync(dir, { throwIfNoEntry: false }) === undefined)
    written = { ok: false, why: `there is no data directory ${dir}` }
  else
    try {
      writeHaltFile(file, { by: userName(), reason: options.reason, at: new Date().toISOString() })
      const now = readHaltFile(file)
      written = { ok: true, by: now.halted ? now.by : '', reason: now.halted ? now.reason : '' }
    } catch (error) {
      written = { ok: false, why: (error as Error).message }
    }
  if (written.ok)
    ctx.out.say(
      `${paint('bold', 'HALTED', process.stderr)} by file: ${file}. No new order leaves from this data directory, whether the service runs or not.`,
    )
  else ctx.out.say(`The HALT file could not be written (${written.why}); telling the service.`)

  let state: Halt | null
  try {
    const client = ctx.client('anyone')
    await client.halt(options.reason)
    state = await watch(ctx, options.wait)
  } catch (error) {
    if (!written.ok)
      throw new Stop('UNAVAILABLE', 'NOT HALTED: neither the file nor the service could be reached.', {
        lines: [
          written.why,
          (error as Error).message,
          `Stop it at the broker, and make the file by hand: touch ${file}`,
        ],
        cause: error,
      })
    if (!(error instanceof NoAnswer))
      ctx.out.say(
        `The service answered no: ${(error as Error).message.replace(/\.$/, '')}. The file halts it all the same.`,
      )
    else
      ctx.out.say(
        `The service does not answer at ${error.url}. It will start halted. Orders that are already at the broker stay there: check the broker's own page.`,
      )
    return ctx.out.answer({ halted: true, file, service: null }, () => 'Halted by file.')
  }
  ctx.out.answer(
    { halted: true, file: written.ok ? file : null, service: state },
    () =>
      `${table(PROOF_COLUMNS, state.proof, 'No entry was open.')}\n${state.openOrders === 0 ? 'Halted, and proven: no entry is open at the broker. Stops and targets stay.' : `Halted, but ${state.openOrders} entries are not proven gone yet.`}`,
  )
  if (state.openOrders > 0)
    throw new Stop('FAILED', `${state.openOrders} entries were not proven canceled within ${options.wait} s.`, {
      code: 'NOT_PROVEN',
      lines: [
        'No new order leaves. The cancels are repeated until the broker confirms; watch with: jax-exec status',
        'When it takes long, cancel them at the broker.',
      ],
    })
}

/** Reads the proof until nothing is open, or `seconds` are over. */
async function watch(ctx: Context, seconds: number): Promise<Halt> {
  const client = ctx.client('anyone')
  const until = Date.now() + seconds * 1000
  let told = -1
  for (;;) {
    const state = await client.halted()
    if (state.openOrders !== told)
      ctx.out.say(state.openOrders === 0 ? 'No entry is open.' : `${state.openOrders} entries are still open …`)
    told = state.openOrders
    if (state.openOrders === 0 || Date.now() >= until) return state
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

export async function resume(ctx: Context, options: { reason: string }): Promise<void> {
  const client = ctx.client('person')
  await released(client, options.reason)
  const state = await client.halted()
  ctx.out.answer(state, () =>
    state.engaged
      ? `Still halted: ${state.reason} (${state.by}).`
      : 'Released. New orders may leave again, each with its own approval.',
  )
}

/** Half a minute: a broker that counts requests may take that long to be compared with. */
const RELEASE_TRIES = 60

/** A release needs a comparison with the broker that is younger than the halt; the first try starts one. */
async function released(client: Client, reason: string): Promise<void> {
  for (let tries = RELEASE_TRIES; ; tries--) {
    try {
      await client.resume(reason)
      return
    } catch (error) {
      if (!(error instanceof ProblemAnswer && error.problem.code === 'UNRECONCILED' && tries > 0)) throw error
      await delay(500)
    }
  }
}

export async function status(ctx: Context): Promise<void> {
  const file = readHaltFile(ctx.places().halt)
  const client = ctx.client('anyone')
  const [now, halted] = await Promise.all([client.status(), client.halted()])
  const haltText = halted.engaged
    ? paint('red', harmless(`HALTED by ${halted.by} since ${when(halted.since)}: ${halted.reason}`))
    : file.halted
      ? paint('red', `HALTED by file (${file.by}): ${file.reason}`)
      : paint('green', 'trading')
  const { account, reconciliation } = now
  ctx.out.answer({ ...now, halt: halted, haltFile: file }, () =>
    pairs([
      ['gateway', `${now.version} on Node ${now.node}, at ${client.url}, up since ${when(now.startedAt)}`],
      [
        'account',
        account === null
          ? 'not read yet'
          : `${account.account}, ${account.environment === 'paper' ? 'paper money' : 'REAL MONEY'}, equity ${grouped(account.equity)} ${account.currency}`,
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
