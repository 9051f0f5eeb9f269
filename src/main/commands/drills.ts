// Emergency procedures as people rehearse them. What can be measured is held and measured here, on paper money; of the rest
// people say what they did. Both are in the journal, and count for the next stage.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Drill } from '../../api/wire.ts'
import { readAnchors } from '../../store/anchors.ts'
import { backupTo } from '../../store/backup.ts'
import { verifyDatabase } from '../../store/export.ts'
import { type Instant, parseInstant, plusMs, rfc3339 } from '../../values/instant.ts'
import type { Client } from '../client.ts'
import { systemClock } from '../clock.ts'
import type { Context } from '../context.ts'
import { readOwnFile } from '../datadir.ts'
import { Stop } from '../exit.ts'
import { type Column, harmless, paint, table, when } from '../print.ts'

type Outcome = { readonly passed: boolean; readonly figures: Readonly<Record<string, string>>; readonly note: string }
type Holding = { readonly reason: string; readonly wait: number; readonly yes?: string }

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
  restore: 'A backup is whole',
}
const HELD: Readonly<Record<string, (ctx: Context, client: Client, how: Holding) => Promise<Outcome>>> = {
  E1: kill,
  E2: liquidation,
  restore: wholeBackup,
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
  const { passed, figures, note } = await hold(ctx, client, how)
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
  })
  ctx.out.answer(drill, () => words(drill))
}
const MINUTE_MS = 60_000

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

async function kill(ctx: Context, client: Client, { reason, wait }: Holding): Promise<Outcome> {
  await standing(client)
  const began = performance.now()
  let state = await client.halt(reason)
  const haltedMs = performance.now() - began
  const entries = state.openOrders
  ctx.out.say(`${paint('bold', 'HALTED', process.stderr)}: ${entries} entries are open; the proof is waited for.`)
  while (!state.proven && performance.now() - began < wait * 1000) {
    await delay(LOOK_MS)
    state = await client.halted()
  }
  const figures = {
    'entries open': String(entries),
    'halted after': seconds(haltedMs),
    ...(state.proven && { 'proven after': seconds(performance.now() - began) }),
  }
  const note = state.proven
    ? 'No entry is open at the broker, by its own word. Trading stays halted: look at the broker’s own page, then release it with jax-exec resume.'
    : `${state.openOrders} entries were not proven to be gone within ${wait} s. Trading stays halted.`
  return { passed: state.proven, figures, note }
}

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

/** A backup that nobody has read is a hope: one is made, read to its end, and thrown away. */
async function wholeBackup(ctx: Context): Promise<Outcome> {
  const { database, dir, verifierKey } = ctx.places()
  // Before the copy is made: an anchor that is newer than the copy would say that rows are missing.
  const anchors = readAnchors(ctx.settings().audit.anchorsFile)
  const key = readOwnFile(verifierKey)
  const copy = join(dir, `drill-${process.pid}.backup`)
  const began = performance.now()
  try {
    const head = await backupTo(database, copy)
    const verdict = verifyDatabase(copy, { anchors, keys: key === null ? [] : [key] })
    const whole = verdict.ok && verdict.rows >= head.size
    return {
      passed: whole,
      figures: { rows: String(head.size), 'made and verified in': seconds(performance.now() - began) },
      note: whole
        ? 'The backup was read to its end and verifies. Once a quarter restore one on another machine, too.'
        : `The backup does not verify: ${verdict.firstBad?.text ?? 'it lacks rows'}.`,
    }
  } finally {
    rmSync(copy, { force: true })
  }
}
