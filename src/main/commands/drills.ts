// Emergency procedures as people rehearse them. What can be measured is held and measured here, on paper money; of the rest
// people say what they did. Both are in the journal, and count for the next stage.
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Drill } from '../../api/wire.ts'
import { readAnchors } from '../../store/anchors.ts'
import { backupTo } from '../../store/backup.ts'
import { editRow } from '../../store/edit.ts'
import { verifyDatabase, type Witnesses } from '../../store/export.ts'
import { type Instant, parseInstant, plusMs, rfc3339 } from '../../values/instant.ts'
import type { Client } from '../client.ts'
import { systemClock } from '../clock.ts'
import type { Context } from '../context.ts'
import { placesIn, readOwnFile } from '../datadir.ts'
import { Stop } from '../exit.ts'
import { foldedAnew } from './records.ts'
import { type Column, harmless, paint, table, when } from '../print.ts'

type Outcome = {
  readonly passed: boolean
  readonly figures: Readonly<Record<string, string>>
  readonly note: string
  /** Entries that were taken back. */
  readonly orders?: readonly string[]
}
type Holding = { readonly reason: string; readonly wait: number; readonly yes?: string }

const MINUTE_MS = 60_000

/** What each procedure rehearses. Those of `HELD` are measured by `drill hold`. */
const TITLE: Readonly<Record<string, string>> = {
  E1: 'Kill',
  E2: 'Emergency liquidation',
  E3: 'Broker phone desk',
  E4: 'Loss of connectivity',
  E5: 'Stuck or unknown orders',
  E6: 'Wrong fill or bust',
  E7: 'Key leakage',
  E8: 'Audit chain failure',
  E9: 'Clock fault',
  E10: 'Approver compromised',
  E11: 'Runaway agent',
  E12: 'Halt of a symbol, or of its exchange',
  E13: 'Reconciliation break',
  E14: 'Wrong environment',
  restore: 'A backup is restored',
}
const HELD: Readonly<Record<string, (ctx: Context, client: Client, how: Holding) => Promise<Outcome>>> = {
  E1: kill,
  E2: liquidation,
  E8: editedCopy,
  restore: restored,
}

const COLUMNS: readonly Column<{ readonly name: string; readonly last: Drill | undefined }>[] = [
  { title: 'drill', of: ({ name }) => name },
  { title: 'what', of: ({ name }) => TITLE[name] ?? '' },
  { title: 'how', of: ({ name }) => (Object.hasOwn(HELD, name) ? 'measured: drill hold' : 'told: drill attest') },
  { title: 'last', of: ({ last }) => (last ? when(last.endedAt) : 'never') },
  {
    title: 'result',
    of: ({ last }) => last?.result ?? '',
    style: ({ last }) => (last?.result === 'failed' ? 'red' : null),
  },
  { title: 'by', of: ({ last }) => harmless(last?.byName ?? '') },
]

/** Lists what can be rehearsed, and when each was last. */
export async function drills(ctx: Context): Promise<void> {
  const held = await ctx.client('anyone').drills()
  const rows = Object.keys(TITLE).map((name) => ({ name, last: held.find(({ drill }) => drill === name) }))
  ctx.out.answer(held, () => table(COLUMNS, rows, ''))
}

/**
 * Holds a drill that can be measured, and takes its result down.
 * @throws {Stop} when it failed, which is taken down too; or when it cannot be held here and now.
 */
export async function drillHold(ctx: Context, name: string, how: Holding): Promise<void> {
  const hold = HELD[name]
  if (hold === undefined)
    throw new Stop('USAGE', `Nothing measures ${name}: ${TITLE[name] ?? 'there is no such drill'}.`, {
      lines: [`Rehearse it as docs/emergency.md says, and tell: drill attest ${name} --passed --note "what was done"`],
    })
  const client = ctx.client('person')
  const { environment } = await client.stage()
  if (environment !== 'paper')
    throw new Stop('NOT_ALLOWED', 'This account trades real money: a drill here would be no drill.', {
      code: 'NOT_ON_PAPER',
      lines: [`Hold it on paper; or rehearse it by hand, and tell: drill attest ${name} --passed --note TEXT`],
    })
  const startedAt = systemClock().now()
  const { passed, figures, note, orders = [] } = await hold(ctx, client, how)
  // Said before it is taken down: what was seen is not lost when that goes wrong.
  ctx.out.say(harmless(`${name} ${passed ? 'passed' : 'failed'}: ${note}`))
  const drill = await client.recordDrill({
    drill: name,
    startedAt: rfc3339(startedAt),
    endedAt: rfc3339(systemClock().now()),
    result: passed ? 'passed' : 'failed',
    figures: { ...figures },
    note,
    attested: false,
    orders: [...orders],
  })
  ctx.out.answer(drill, () => words(drill))
  if (!passed) throw new Stop('FAILED', `The drill ${name} failed: ${note}`, { code: 'DRILL_FAILED' })
}

type Attested = {
  readonly passed?: boolean
  readonly failed?: boolean
  readonly note: string
  readonly at?: string
  readonly minutes: number
}

/** People say what they rehearsed, and what came of it. */
export async function drillAttest(ctx: Context, name: string, told: Attested): Promise<void> {
  if ((told.passed === true) === (told.failed === true))
    throw new Stop('USAGE', 'Say what came of it.', {
      lines: [`drill attest ${name} --passed --note "the desk answered after two minutes"`, `Or with --failed.`],
    })
  const now = systemClock().now()
  const startedAt = told.at === undefined ? plusMs(now, -told.minutes * MINUTE_MS) : momentOf(told.at)
  const ended = plusMs(startedAt, told.minutes * MINUTE_MS)
  const drill = await ctx.client('person').recordDrill({
    drill: name,
    startedAt: rfc3339(startedAt),
    endedAt: rfc3339(told.at === undefined ? now : ended),
    result: told.passed === true ? 'passed' : 'failed',
    figures: {},
    note: told.note,
    attested: true,
    orders: [],
  })
  ctx.out.answer(drill, () => words(drill))
}

function momentOf(text: string): Instant {
  const at = parseInstant(text)
  if (at === null) throw new Stop('USAGE', `--at is ${harmless(text)}; write a moment such as 2026-11-24T15:00:00Z.`)
  return at
}

function words({ drill, result, figures, note, byName, attested }: Drill): string {
  const head = `${drill} ${paint(result === 'passed' ? 'green' : 'red', result)}, ${attested ? 'as told' : 'measured'} by ${harmless(byName)}`
  const measured = Object.entries(figures).map(([name, figure]) => `  ${harmless(name)}: ${harmless(figure)}`)
  return [head, ...measured, ...(note === null || !attested ? [] : [harmless(note)])].join('\n')
}

// --- each drill

const LOOK_MS = 100
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

async function standing(client: Client): Promise<void> {
  const { engaged } = await client.halted()
  if (engaged)
    throw new Stop('REFUSED', 'Trading is halted already: what the drill measures has happened.', {
      code: 'HALTED_ALREADY',
      lines: ['Release it first: jax-exec resume --reason "drill"'],
    })
}

/** A kill with nothing to take back passes at once, and shows nothing. */
async function somethingOpen(client: Client): Promise<void> {
  const { items } = await client.orders({ open: 'true', limit: '200' })
  if (items.some(({ role, delivery }) => role === 'Entry' && delivery === 'Delivered')) return
  throw new Stop('REFUSED', 'No entry is open at the broker, so a kill would take nothing back.', {
    code: 'NOTHING_OPEN',
    lines: [
      'Have one rest there first, a little below the market (jax-exec quote AAPL), and approve it:',
      '  jax-exec signal --id drill-1 --symbol AAPL --side buy --entry 185.00 --stop 180.00',
      '  jax-exec approve drill-1',
    ],
  })
}

async function kill(ctx: Context, client: Client, { reason, wait }: Holding): Promise<Outcome> {
  await standing(client)
  await somethingOpen(client)
  const began = performance.now()
  let state = await client.halt(reason)
  const haltedMs = performance.now() - began
  const entries = state.openOrders
  ctx.out.say(`${paint('bold', 'HALTED', process.stderr)}: ${entries} entries are open; the proof is waited for.`)
  while (!state.proven && performance.now() - began < wait * 1000) {
    await delay(LOOK_MS)
    state = await client.halted()
  }
  const orders = state.proof.filter(({ ordStatus }) => ordStatus === 'Canceled').map(({ clOrdID }) => clOrdID)
  const figures = {
    'entries open': String(entries),
    'halted after': seconds(haltedMs),
    'entries canceled': String(orders.length),
    ...(state.proven && { 'proven after': seconds(performance.now() - began) }),
  }
  const note = !state.proven
    ? `${state.openOrders} entries were not proven to be gone within ${wait} s. Trading stays halted.`
    : orders.length === 0
      ? 'Nothing is open, but no entry was taken back: what was open filled before it. Trading stays halted.'
      : 'No entry is open at the broker, by its own word. Trading stays halted: look at the broker’s own page, then release it with jax-exec resume.'
  return { passed: state.proven && orders.length > 0, figures, note, orders: orders.slice(0, ORDERS_MAX) }
}
/** As many as one drill may name. */
const ORDERS_MAX = 500

async function liquidation(ctx: Context, client: Client, { reason, wait, yes }: Holding): Promise<Outcome> {
  const { account, lines } = await client.liquidationPlan()
  if (yes !== account)
    throw new Stop('USAGE', `This closes all that ${account} holds, ${lines.length} symbols, on paper.`, {
      lines: [`drill hold E2 --yes ${account}`],
    })
  if (lines.length === 0)
    throw new Stop('REFUSED', 'Nothing is held, so nothing can be closed.', {
      code: 'NOTHING_HELD',
      lines: ['Hold something on paper first: a drill that closes nothing shows nothing.'],
    })
  const began = performance.now()
  let now = await client.liquidate({ account, reason })
  ctx.out.say(`${paint('bold', 'HALTED', process.stderr)}: ${lines.length} symbols are being closed.`)
  while (now.state === 'Running' && performance.now() - began < wait * 1000) {
    await delay(LOOK_MS)
    now = await client.liquidation()
  }
  const left = (now.report ?? []).filter((line) => line.why !== null)
  const passed = now.state === 'Flat' && left.length === 0
  const figures = {
    symbols: String(lines.length),
    ...(passed && { 'flat after': seconds(performance.now() - began) }),
  }
  const note = passed
    ? 'Nothing is held, by the broker’s own word. Trading stays halted: release it with jax-exec resume.'
    : now.state === 'Running'
      ? `It still ran after ${wait} s, and goes on by itself.`
      : `It ended ${now.state}; left: ${left.map(({ symbol, why }) => `${symbol}: ${why ?? ''}`).join('; ') || 'unknown'}.`
  return { passed, figures, note }
}

/** A folder beside the data, thrown away with all that is in it. */
async function inScratch<T>(ctx: Context, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(ctx.places().dir, 'drill-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What vouches for the journal. Read before a copy is made: an anchor newer than it would say that rows are missing. */
function witnesses(ctx: Context): Witnesses {
  const key = readOwnFile(ctx.places().verifierKey)
  return { anchors: readAnchors(ctx.settings().audit.anchorsFile), keys: key === null ? [] : [key] }
}

/** What the house has for coming back from a backup. */
const RESTORE_MS_MAX = 30 * MINUTE_MS

/**
 * A backup that nobody has restored is a hope: one is made, put into a data directory of its own, verified to its last
 * row, and its views are folded from the journal anew, which must say what the views of the running gateway said.
 */
async function restored(ctx: Context): Promise<Outcome> {
  const { database } = ctx.places()
  const vouching = witnesses(ctx)
  return inScratch(ctx, async (folder) => {
    const [file, fresh] = [join(folder, 'backup'), join(folder, 'data')]
    mkdirSync(fresh, { mode: 0o700 })
    const copy = placesIn(fresh).database
    const began = performance.now()
    const head = await backupTo(database, file)
    const madeMs = performance.now() - began
    await backupTo(file, copy)
    const verdict = verifyDatabase(copy, vouching)
    const verifiedMs = performance.now() - began - madeMs
    const { rows, differs } = await foldedAnew(ctx, copy)
    const allMs = performance.now() - began
    const wrong = !verdict.ok
      ? `The backup does not verify: ${verdict.firstBad?.text ?? 'its end cannot be read'}.`
      : verdict.rows !== head.size || rows !== head.size
        ? `The backup lacks rows: ${verdict.rows} of ${head.size}.`
        : differs.length > 0
          ? `Folded from the journal, these views are not those of the gateway: ${differs.join(', ')}.`
          : allMs > RESTORE_MS_MAX
            ? `It took more than ${RESTORE_MS_MAX / MINUTE_MS} minutes.`
            : null
    return {
      passed: wrong === null,
      figures: {
        rows: String(head.size),
        'last row': head.hash,
        bytes: String(statSync(file).size),
        'backup made in': seconds(madeMs),
        'restored and verified in': seconds(verifiedMs),
        'views folded in': seconds(allMs - madeMs - verifiedMs),
        'in all': seconds(allMs),
        'at most': `${RESTORE_MS_MAX / MINUTE_MS} min`,
      },
      note:
        wrong ??
        'The backup was restored into a folder of its own, verifies, and its journal makes the same book. Once a quarter restore one on another machine, too.',
    }
  })
}

/** One character of one row is changed in a copy, as an intruder would: it must be found, and just there. */
async function editedCopy(ctx: Context): Promise<Outcome> {
  const { database } = ctx.places()
  const vouching = witnesses(ctx)
  return inScratch(ctx, async (folder) => {
    const copy = join(folder, 'edited')
    const began = performance.now()
    const own = verifyDatabase(database, vouching)
    if (!own.ok)
      return {
        passed: false,
        figures: { rows: String(own.rows), found: `${own.firstBad?.kind ?? 'DAMAGED'} in the journal itself` },
        note: `The journal itself does not verify: ${own.firstBad?.text ?? 'its end cannot be read'}. This is no drill: do what E8 says.`,
      }
    const head = await backupTo(database, copy)
    const row = Math.floor(head.size / 2)
    editRow(copy, row)
    const { ok, firstBad } = verifyDatabase(copy, vouching)
    const isFound = !ok && firstBad?.seq === row
    const wrong = isFound
      ? null
      : ok
        ? `Row ${row} was changed in a copy, and nobody noticed.`
        : `Row ${row} was changed in a copy, and something else was found: ${firstBad?.text ?? 'its end cannot be read'}.`
    return {
      passed: wrong === null,
      figures: {
        rows: String(head.size),
        'last row': head.hash,
        'row changed in the copy': String(row),
        found: ok ? 'nothing' : `${firstBad?.kind ?? 'DAMAGED'} at row ${firstBad?.seq ?? 'unknown'}`,
        'in all': seconds(performance.now() - began),
      },
      note: wrong ?? 'The change was found in the copy, at its row, and the journal itself verifies.',
    }
  })
}
