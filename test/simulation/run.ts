// npm run sim -- --seed 17, npm run sim -- --seeds 1000: plays simulated worlds and says which promise broke (docs/testing.md).
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs, styleText } from 'node:util'
import { ALL } from './coverage.ts'
import type { Plan } from './plan.ts'
import {
  ENGINE,
  type Engine,
  openPool,
  planFor,
  type Played,
  playHere,
  playInOrder,
  type Pool,
  PoolTrouble,
  type Task,
} from './pool.ts'
import type { Outcome } from './scene.ts'
import { hint, oneOf, parseScript, printScript, ScriptError } from './script.ts'
import { shrink } from './shrink.ts'
import {
  failedOf,
  type Failed,
  figuresPage,
  filled,
  grouped,
  NO_WORLDS,
  plusWorld,
  span,
  type Summary,
  tell,
  transitionsPage,
  unreached,
} from './summary.ts'

const HELP = `Plays simulated worlds: the whole gateway, people, a market and a lying broker, from one seed.

  npm run sim -- --seed 17                    one world: its script, what happened, the verdict
  npm run sim -- --seed 17 --ticks 60         the same with 60 simulated seconds of activity
  npm run sim -- --seeds 1000                 seeds 1 to 1000; the first that fails is shrunk to a short script
  npm run sim -- --seeds 1000 --first 5001    seeds 5001 to 6000
  npm run sim -- --seed 17 --save lost-fill   shrinks what fails, and saves it as test/simulation/scripts/lost-fill.sim
  npm run sim -- --scenario lost-fill         plays a saved script, or a file: --scenario ./my.sim
  npm run sim -- --scenario lost-fill --seeds 100   plays it with a hundred seeds in place of its own

  --check           plays each world twice and fails it when the second went otherwise
  --shrink          shrinks what fails (what --seeds does anyway)
  --until-failure   stops at the first failure and does not shrink it
  --jobs N          so many processes beside each other (as many as the machine has processors)
  --quiet           only the verdict
  --json            only the verdict, as one line of JSON
  --write           writes the figures of --seeds into docs/testing.md

Ends with 0 when every promise held, 1 when one broke, 2 when the simulation itself does not work.
`

const OPTIONS = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  first: { type: 'string' },
  ticks: { type: 'string' },
  scenario: { type: 'string' },
  jobs: { type: 'string' },
  save: { type: 'string' },
  check: { type: 'boolean' },
  shrink: { type: 'boolean' },
  'until-failure': { type: 'boolean' },
  quiet: { type: 'boolean' },
  json: { type: 'boolean' },
  write: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** What the engine calls a failure that is its own. */
const HARNESS = 'the harness'

/** The command cannot be understood; its message is for the person at the terminal. */
class UsageError extends Error {}

/** Where the command speaks and what it works on; a test puts its own in place. */
export type Surroundings = {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly isTerminal: boolean
  readonly engine: URL
  readonly scripts: string
  /** The page that --write writes. */
  readonly page: string
  readonly transitions: readonly string[]
}

type Command = {
  readonly tasks: readonly (Task & { readonly seed: number })[]
  readonly one: boolean
  readonly jobs: number
  readonly check: boolean
  readonly shrinks: boolean
  readonly untilFailure: boolean
  readonly quiet: boolean
  readonly json: boolean
  readonly save: string | null
  readonly write: boolean
  /** `npm run sim -- …` for one of the seeds. */
  readonly replay: (seed: number) => string
}

/** @returns the exit code: 0 every promise held, 1 one broke, 2 nothing could be played. */
export async function main(argv: readonly string[], around: Surroundings): Promise<0 | 1 | 2> {
  try {
    const command = understand(argv, around)
    if (command === null) {
      around.out(HELP)
      return 0
    }
    return await (command.one ? playOne(command, around) : playMany(command, around))
  } catch (error) {
    if (error instanceof UsageError) around.err(`${error.message}\nnpm run sim -- --help shows how it is used.\n`)
    else if (error instanceof ScriptError || error instanceof PoolTrouble) around.err(`${error.message}\n`)
    else around.err(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return 2
  }
}

function understand(argv: readonly string[], around: Surroundings): Command | null {
  const given = optionsOf(argv)
  if (given.help === true) return null
  const seed = numberOf('seed', given.seed, 0)
  const seeds = numberOf('seeds', given.seeds, 1)
  const first = numberOf('first', given.first, 0) ?? 1
  const script = given.scenario === undefined ? null : scriptOf(given.scenario, around.scripts)
  if (seed !== null && seeds !== null) throw new UsageError('--seed plays one world and --seeds many: give one of them')
  if (seed === null && seeds === null && script === null)
    throw new UsageError('say what to play: --seed 17, --seeds 1000 or --scenario name')
  if (given.first !== undefined && seeds === null) throw new UsageError('--first goes with --seeds')
  if (given.write === true && (seeds === null || script !== null))
    throw new UsageError('--write writes the figures of --seeds, without --scenario')
  const lastsMs = given.ticks === undefined ? null : ticksOf(given.ticks)
  if (given.save !== undefined) checkName(given.save, around.scripts)

  const twice = given.check === true
  const task = (of: number): Task & { seed: number } => {
    if (script === null) return { seed: of, world: { seed: of, ...(lastsMs === null ? {} : { lastsMs }) }, twice }
    const world = { ...script.world, seed: of, ...(lastsMs === null ? {} : { lastsMs }) }
    return { seed: of, world: { plan: { ...script, world } }, twice }
  }
  const from = seeds === null ? (seed ?? script?.world.seed ?? 0) : first
  const tasks = Array.from({ length: seeds ?? 1 }, (_, i) => task(from + i))
  const json = given.json === true
  const untilFailure = given['until-failure'] === true
  const again = [
    ...(given.scenario === undefined ? [] : [`--scenario ${given.scenario}`]),
    ...(given.ticks === undefined ? [] : [`--ticks ${given.ticks}`]),
    ...(twice ? ['--check'] : []),
  ]
  return {
    tasks,
    one: seeds === null,
    jobs: Math.min(numberOf('jobs', given.jobs, 1) ?? availableParallelism(), tasks.length),
    check: twice,
    shrinks: given.shrink === true || given.save !== undefined || (seeds !== null && !untilFailure && !json),
    untilFailure,
    quiet: given.quiet === true || json,
    json,
    save: given.save ?? null,
    write: given.write === true,
    replay: (of) => ['npm run sim -- --seed', of, ...again].join(' '),
  }
}

function optionsOf(argv: readonly string[]) {
  const names = Object.keys(OPTIONS).map((name) => `--${name}`)
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional')
      throw new UsageError(`${JSON.stringify(token.value)} belongs to no option${hint(`--${token.value}`, names)}`)
    if (token.kind !== 'option') continue
    if (!Object.hasOwn(OPTIONS, token.name))
      throw new UsageError(`there is no option ${token.rawName}${hint(token.rawName, names)}`)
    const takes = OPTIONS[token.name as keyof typeof OPTIONS].type === 'string'
    if (takes && (token.value === undefined || token.value.startsWith('--')))
      throw new UsageError(`${token.rawName} needs a value, such as ${token.rawName} 17`)
    if (!takes && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`)
  }
  return parseArgs({ args: [...argv], options: OPTIONS }).values
}

function numberOf(name: string, text: string | undefined, min: number): number | null {
  if (text === undefined) return null
  const n = Number(text)
  if (!/^\d+$/.test(text) || n < min || !Number.isSafeInteger(n))
    throw new UsageError(`--${name} is a whole number from ${min}, not ${JSON.stringify(text)}`)
  return n
}

/** Simulated seconds, in milliseconds. */
function ticksOf(text: string): number {
  const ms = Math.round(Number(text) * 1_000)
  if (!/^\d+(\.\d{1,3})?$/.test(text) || ms === 0)
    throw new UsageError(`--ticks is simulated seconds of activity such as 60, not ${JSON.stringify(text)}`)
  return ms
}

/** A saved script by its name, or any file by its path. */
function scriptOf(name: string, folder: string): Plan {
  const saved = globSync('*.sim', { cwd: folder }).map((file) => basename(file, '.sim'))
  const path = saved.includes(name) ? join(folder, `${name}.sim`) : name
  if (!existsSync(path)) {
    const known = saved.length === 0 ? 'none is saved yet' : `saved are ${oneOf(saved.sort())}`
    throw new UsageError(`there is no script ${JSON.stringify(name)}${hint(name, saved)}; ${known}`)
  }
  try {
    return parseScript(readFileSync(path, 'utf8'))
  } catch (error) {
    throw error instanceof ScriptError ? new UsageError(`${path}, ${error.message}`) : error
  }
}

function checkName(name: string, folder: string): void {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name))
    throw new UsageError(`--save takes a name of small letters, digits and dashes, not ${JSON.stringify(name)}`)
  if (existsSync(join(folder, `${name}.sim`)))
    throw new UsageError(`a script ${name} is saved already; take another name`)
}

/** One world, in this process: it can be debugged. */
async function playOne(command: Command, around: Surroundings): Promise<0 | 1> {
  const { out } = around
  const [task] = command.tasks
  if (task === undefined) return 0
  const engine = (await import(around.engine.href)) as Engine
  const plan = planFor(engine, task)
  if (!command.quiet) out(`${printScript(plan)}\n`)
  const started = performance.now()
  const tell = command.quiet ? undefined : (line: string) => out(`${line}\n`)
  const { outcome } = await playHere(engine, { ...task, world: { plan } }, tell)
  const sum = plusWorld(NO_WORLDS, task.seed, outcome)
  refuseHarness(sum)
  const wallMs = performance.now() - started
  if (command.json) out(verdictLine(command, sum, wallMs, around.transitions))
  else {
    out(`${command.quiet ? '' : '\n'}${verdict(task.seed, sum.failures[0])}\n`)
    if (!command.quiet) out(`\n${figuresOfOne(outcome, wallMs)}`)
  }
  const [failed] = sum.failures
  if (failed === undefined) {
    if (command.save !== null) save(command.save, plan, ['Every promise held.'], command, around)
    return 0
  }
  if (command.shrinks) {
    const pool = openPool({ jobs: 1, engine: around.engine })
    try {
      await shorten(pool, engine, task, failed, command, around)
    } finally {
      pool.close()
    }
  } else if (!command.quiet) out(`\nA shorter script that breaks the same: ${command.replay(task.seed)} --shrink\n`)
  return 1
}

async function playMany(command: Command, around: Surroundings): Promise<0 | 1> {
  const { out } = around
  const pool = openPool({ jobs: command.jobs, engine: around.engine })
  const progress = progressOf(command, around)
  const started = performance.now()
  let sum = NO_WORLDS
  try {
    // So far ahead that a slow world keeps nobody waiting; each outcome that waits for it is small.
    await playInOrder(pool, command.tasks, command.jobs * 16, ({ seed }, { outcome }: Played) => {
      sum = plusWorld(sum, seed, outcome)
      progress.at(sum, performance.now() - started)
      refuseHarness(sum)
      return command.untilFailure && sum.failures.length > 0
    })
    const wallMs = performance.now() - started
    progress.end()
    if (command.json) out(verdictLine(command, sum, wallMs, around.transitions))
    else {
      if (!command.quiet) out(`${tell(sum, wallMs, around.transitions).join('\n')}\n\n`)
      out(verdicts(sum, command))
    }
    const [failed] = sum.failures
    if (failed === undefined) {
      if (command.write) write(command, sum, wallMs, around)
      return 0
    }
    const task = command.tasks.find(({ seed }) => seed === failed.seed)
    if (command.shrinks && task !== undefined)
      await shorten(pool, (await import(around.engine.href)) as Engine, task, failed, command, around)
    return 1
  } finally {
    progress.end()
    pool.close()
  }
}

/** A line of the script that nobody can obey breaks no promise. @throws {PoolTrouble} */
function refuseHarness({ failures }: Summary): void {
  const failed = failures.find(({ oracle }) => oracle === HARNESS)
  if (failed !== undefined) throw new PoolTrouble(`seed ${failed.seed}: ${failed.text}`)
}

/** Shrinks what failed, prints the short script and saves it when asked to. */
async function shorten(
  pool: Pool,
  engine: Engine,
  task: Task & { seed: number },
  failed: Failed,
  command: Command,
  around: Surroundings,
): Promise<void> {
  // Its processes would have to be killed a hundred times, a minute each.
  if (failed.oracle === 'hang') {
    around.err('\nA world that hangs is not shrunk.\n')
    return
  }
  const plan = planFor(engine, task)
  const { err } = around
  const loud = !command.quiet
  if (loud) err(`\nshrinking seed ${task.seed}: ${plan.items.length} items\n`)
  let last = failed
  const small = await shrink(
    plan,
    async (shorter) => {
      const { outcome } = await pool.play({ world: { plan: shorter }, twice: command.check })
      if (outcome.failure?.oracle !== failed.oracle) return false
      last = failedOf(task.seed, outcome.failure)
      return true
    },
    ({ runs, items, lastsMs }) => {
      if (!loud) return
      const line = `  ${items} items, ${span(lastsMs)}, after ${runs} runs`
      err(around.isTerminal ? `\r${line}\x1b[K` : `${line}\n`)
    },
  )
  if (loud && around.isTerminal) err('\n')
  const about = [`${last.oracle}: ${last.text.split('\n')[0]}`, `Found with seed ${task.seed}.`]
  if (!command.json) around.out(`\n${printScript(small, about)}`)
  if (command.save === null) {
    if (loud) around.out(`\nTo keep it: ${command.replay(task.seed)} --save NAME\n`)
  } else save(command.save, small, about, command, around)
}

function save(name: string, plan: Plan, about: readonly string[], command: Command, around: Surroundings): void {
  writeFileSync(join(around.scripts, `${name}.sim`), printScript(plan, about))
  if (!command.json) around.out(`\nsaved ${name}.sim; again: npm run sim -- --scenario ${name}\n`)
}

function write({ tasks }: Command, sum: Summary, wallMs: number, { page, transitions, out }: Surroundings): void {
  const from = tasks[0]?.seed ?? 1
  const heading = `Seeds ${grouped(from)} to ${grouped(from + sum.seeds - 1)}:\n\n`
  const nightly = filled(
    readFileSync(page, 'utf8'),
    'nightly',
    `\n${heading}${figuresPage(sum, wallMs, transitions)}\n`,
  )
  writeFileSync(page, filled(nightly, 'transitions', `\n${transitionsPage(sum, transitions)}\n`))
  out(`wrote the figures into ${basename(page)}\n`)
}

const verdict = (seed: number, failed: Failed | undefined): string =>
  failed === undefined
    ? `${styleText('green', 'ok')}    seed ${seed}: every promise held`
    : `${styleText('red', 'FAIL')}  seed ${seed}, after ${span(failed.atMs)}: ${failed.oracle}: ${failed.text}`

/** More would push the first ones, which say the most, off the screen. */
const FAILURES_SHOWN = 20

function verdicts({ seeds, failures }: Summary, { replay }: Command): string {
  if (failures.length === 0) return `${styleText('green', 'ok')}    every promise held in ${grouped(seeds)} worlds\n`
  const more = failures.length - FAILURES_SHOWN
  return [
    `${styleText('red', 'FAIL')}  ${grouped(failures.length)} of ${grouped(seeds)} worlds broke a promise`,
    ...failures
      .slice(0, FAILURES_SHOWN)
      .map(({ seed, oracle, text }) => `  seed ${seed}: ${oracle}: ${text.split('\n')[0]}\n    ${replay(seed)}`),
    ...(more > 0 ? [`  and ${grouped(more)} more`] : []),
    '',
  ].join('\n')
}

function figuresOfOne({ events, spanMs, orders, fills, crashes, faults }: Outcome, wallMs: number): string {
  const injected = Object.entries(faults).filter(([, times]) => times > 0)
  return [
    `${grouped(events)} events, ${span(spanMs)} of simulated time in ${span(wallMs)}`,
    `${grouped(orders)} orders, ${grouped(fills)} fills, ${grouped(crashes)} crashes`,
    `faults: ${injected.length === 0 ? 'none' : injected.map(([name, times]) => `${name} ${times}`).join(', ')}`,
    '',
  ].join('\n')
}

/** The one line of --json. */
function verdictLine({ check, replay }: Command, sum: Summary, wallMs: number, all: readonly string[]): string {
  const { failures, ...figures } = sum
  const [failed] = failures
  const line =
    failed === undefined
      ? { ...figures, wallMs: Math.round(wallMs), unreached: unreached(sum, all), checked: check }
      : {
          seed: failed.seed,
          seeds: sum.seeds,
          oracle: failed.oracle,
          text: failed.text,
          atMs: failed.atMs,
          replay: replay(failed.seed),
          failures: failures.map(({ seed, oracle }) => ({ seed, oracle })),
        }
  return `${JSON.stringify(line)}\n`
}

type Progress = { at(sum: Summary, wallMs: number): void; end(): void }

const BAR = 30
/** Often enough to look alive, and no more output than a person reads. */
const TERMINAL_MS = 100
const PLAIN_MS = 10_000

function progressOf({ tasks, quiet }: Command, { err, isTerminal }: Surroundings): Progress {
  if (quiet) return { at: () => {}, end: () => {} }
  let saidMs = isTerminal ? -Infinity : 0
  let drawn = false
  return {
    at: (sum, wallMs) => {
      const done = sum.seeds === tasks.length
      if (wallMs - saidMs < (isTerminal ? TERMINAL_MS : PLAIN_MS) && !(done && isTerminal)) return
      saidMs = wallMs
      const failed = sum.failures.length === 0 ? '' : `, ${styleText('red', `${sum.failures.length} failed`)}`
      const left = span((wallMs / sum.seeds) * (tasks.length - sum.seeds))
      const text = `${grouped(sum.seeds)} of ${grouped(tasks.length)} worlds, ${((sum.seeds * 1_000) / wallMs).toFixed(1)}/s, ${left} left${failed}`
      if (!isTerminal) return err(`${text}\n`)
      const full = Math.floor((sum.seeds / tasks.length) * BAR)
      err(`\r${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${text}\x1b[K`)
      drawn = true
    },
    end: () => {
      if (drawn) err('\n')
      drawn = false
    },
  }
}

if (import.meta.main)
  // Not process.exit: what was written to a pipe would be cut off.
  process.exitCode = await main(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    engine: ENGINE,
    scripts: join(import.meta.dirname, 'scripts'),
    page: join(import.meta.dirname, '../../docs/testing.md'),
    transitions: ALL,
  })
