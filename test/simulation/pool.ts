import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Plan } from './plan.ts'
import type { Outcome } from './scene.ts'

/** What makes plans and plays them; a module of this shape is named by its URL, because every process loads its own. */
export type Engine = {
  readonly planOf: (seed: number, options?: { lastsMs?: number }) => Plan
  readonly simulate: (plan: Plan, options?: { trace?: boolean; tell?: (line: string) => void }) => Promise<Outcome>
}

/** One world to play: its seed, or the plan that a script says. */
export type Task = {
  readonly world: { readonly seed: number; readonly lastsMs?: number } | { readonly plan: Plan }
  /** Play it a second time, and fail it when that went otherwise. */
  readonly twice?: boolean
  /** Keep the trace, and its hash. */
  readonly trace?: boolean
}
export type Played = {
  readonly outcome: Outcome
  /** SHA-256 of the trace and of all figures, in hex; empty unless the trace was asked for, or a second time. */
  readonly hash: string
}

export type Pool = {
  /** Rejects with `PoolTrouble` when the world could not be played at all. */
  play(task: Task): Promise<Played>
  close(): void
}

/** The simulation itself does not work: no world failed, none was played. */
export class PoolTrouble extends Error {}

export const ENGINE = new URL('./engine.ts', import.meta.url)
/** A thousand times what a world takes; only one that will never end takes longer, also on a busy machine. */
const HANG_MS = 60_000
/** Worlds leave timers and promises behind when they break off; a new process begins with an empty memory. */
const WORLDS_PER_PROCESS = 2_000
/** One that is played and one that waits, so that no process waits for us. */
const AT_ONCE = 2
const STDERR_KEPT = 4_000

type Job = { readonly task: Task; readonly done: (played: Played) => void; readonly fail: (why: PoolTrouble) => void }
type Answer = { readonly ready: true } | Played | { readonly broken: string }
type Hand = {
  readonly process: ChildProcess
  readonly jobs: Job[]
  ready: boolean
  played: number
  stderr: string
  hung: boolean
  watch: NodeJS.Timeout | null
}

/**
 * Processes that play worlds beside each other. They start with the options of this one (`--import …`). A world that never
 * ends, or takes its process with it, is an outcome like any other: it fails as `hang` or `died`, and the rest goes on.
 */
export function openPool(how: { jobs: number; engine?: URL; hangMs?: number }): Pool {
  const { engine = ENGINE, hangMs = HANG_MS } = how
  const waiting: Job[] = []
  const hands = new Set<Hand>()
  let broken: PoolTrouble | null = null
  let closed = false

  const start = (): void => {
    const child = fork(fileURLToPath(import.meta.url), [engine.href], {
      // A test that is run in the process of its runner would make runners of them.
      execArgv: process.execArgv.filter((arg) => !/^--test($|-)/.test(arg)),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    const hand: Hand = { process: child, jobs: [], ready: false, played: 0, stderr: '', hung: false, watch: null }
    hands.add(hand)
    child.stderr?.on('data', (chunk: Buffer) => {
      hand.stderr = (hand.stderr + chunk.toString()).slice(-STDERR_KEPT)
    })
    child.on('message', (answer: Answer) => hear(hand, answer))
    // Not `exit`: what it printed may still be on its way.
    child.on('close', (code, signal) => lose(hand, signal ?? `exit ${code}`))
    child.on('error', (error) => {
      hand.stderr += error.message
      if (child.pid === undefined) lose(hand, 'not started')
    })
  }

  const watch = (hand: Hand): void => {
    if (hand.watch !== null) clearTimeout(hand.watch)
    hand.watch = null
    if (hand.jobs.length === 0) return
    hand.watch = setTimeout(() => {
      hand.hung = true
      hand.process.kill('SIGKILL')
    }, hangMs)
  }

  const hear = (hand: Hand, answer: Answer): void => {
    if ('ready' in answer) hand.ready = true
    else {
      const job = hand.jobs.shift()
      hand.played++
      watch(hand)
      if ('broken' in answer) job?.fail(new PoolTrouble(`${nameOf(job.task)}: ${answer.broken}`))
      else job?.done(answer)
    }
    hire()
  }

  const lose = (hand: Hand, how: string): void => {
    if (!hands.delete(hand) || closed) return
    if (hand.watch !== null) clearTimeout(hand.watch)
    if (!hand.ready) {
      broken = new PoolTrouble(`a process of the simulation does not start (${how}):\n${hand.stderr.trim()}`)
      for (const job of waiting.splice(0)) job.fail(broken)
      return
    }
    const [at, ...rest] = hand.jobs
    waiting.unshift(...rest)
    at?.done({ outcome: hand.hung ? hangs(hangMs) : dies(how, hand.stderr), hash: '' })
    hire()
  }

  const hire = (): void => {
    if (closed) return
    for (const hand of hands) {
      if (!hand.ready) continue
      if (hand.played + hand.jobs.length >= WORLDS_PER_PROCESS) {
        // It is let go when it has nothing left to do; not by closing its channel, on which its last answer may wait.
        if (hand.jobs.length === 0 && hands.delete(hand)) hand.process.kill()
        continue
      }
      while (hand.jobs.length < AT_ONCE) {
        const job = waiting.shift()
        if (job === undefined) break
        hand.jobs.push(job)
        hand.process.send(job.task)
        if (hand.jobs.length === 1) watch(hand)
      }
    }
    const starting = [...hands].filter(({ ready }) => !ready).length
    for (let more = Math.min(how.jobs - hands.size, waiting.length - starting); more > 0; more--) start()
  }

  return {
    play: (task) =>
      new Promise((done, fail) => {
        if (broken !== null || closed) return fail(broken ?? new PoolTrouble('the pool is closed'))
        waiting.push({ task, done, fail })
        hire()
      }),
    close: () => {
      closed = true
      for (const hand of hands) {
        if (hand.watch !== null) clearTimeout(hand.watch)
        hand.process.kill('SIGKILL')
      }
      hands.clear()
    },
  }
}

/**
 * Plays all tasks, some beside each other, and hands over the outcomes in the order of the tasks, so that the first failure
 * is the same on every machine.
 * @param heard says true when it has heard enough; what is still being played is then of no interest.
 * @throws {PoolTrouble}
 */
export async function playInOrder<T extends Task>(
  pool: Pool,
  tasks: Iterable<T>,
  ahead: number,
  heard: (task: T, played: Played) => boolean,
): Promise<void> {
  const coming: { task: T; played: Promise<Played> }[] = []
  const next = tasks[Symbol.iterator]()
  const more = (): void => {
    const { value, done } = next.next()
    if (done === true) return
    const played = pool.play(value)
    // It is looked at when its turn comes, which may be never.
    played.catch(() => {})
    coming.push({ task: value, played })
  }
  for (let i = 0; i < ahead; i++) more()
  for (let at = coming.shift(); at !== undefined; at = coming.shift()) {
    if (heard(at.task, await at.played)) return
    more()
  }
}

const NOTHING = { events: 0, spanMs: 0, faults: {}, transitions: {}, orders: 0, fills: 0, crashes: 0, trace: [] }

const hangs = (hangMs: number): Outcome => ({
  ...NOTHING,
  failure: { oracle: 'hang', text: `the world did not end within ${hangMs / 1_000} s`, atMs: 0 },
})
const dies = (how: string, stderr: string): Outcome => ({
  ...NOTHING,
  failure: { oracle: 'died', text: `the world took its process with it (${how})\n${stderr.trim()}`.trim(), atMs: 0 },
})
const nameOf = ({ world }: Task): string =>
  'seed' in world ? `seed ${world.seed}` : `a script of seed ${world.plan.world.seed}`

/** The plan of a task, made or as it stands. */
export const planFor = ({ planOf }: Engine, { world }: Task): Plan =>
  'plan' in world ? world.plan : planOf(world.seed, world.lastsMs === undefined ? {} : { lastsMs: world.lastsMs })

/**
 * Plays one world here, once or twice.
 * @param tell told each line of the trace while it happens.
 * @throws what the engine throws.
 */
export async function playHere(engine: Engine, task: Task, tell?: (line: string) => void): Promise<Played> {
  const { twice, trace } = task
  const plan = planFor(engine, task)
  const traced = trace === true || twice === true
  const outcome = await engine.simulate(plan, { trace: traced, ...(tell === undefined ? {} : { tell }) })
  const again = twice === true ? differs(outcome, await engine.simulate(plan, { trace: true })) : null
  const kept = trace === true ? outcome : { ...outcome, trace: [] }
  return {
    outcome: again === null ? kept : { ...kept, failure: { oracle: 'determinism', text: again, atMs: outcome.spanMs } },
    hash: traced ? hashOf(outcome) : '',
  }
}

const hashOf = (outcome: Outcome): string => createHash('sha256').update(JSON.stringify(outcome)).digest('hex')

/** The first line in which two runs of one plan differ; null when they do not. */
function differs(first: Outcome, second: Outcome): string | null {
  if (hashOf(first) === hashOf(second)) return null
  const at = first.trace.findIndex((line, i) => line !== second.trace[i])
  if (at >= 0 || second.trace.length > first.trace.length) {
    const line = at < 0 ? first.trace.length : at
    return `the second run differs in line ${line + 1} of the trace:\n  first   ${first.trace[line] ?? '(ended)'}\n  second  ${second.trace[line] ?? '(ended)'}`
  }
  const key = (Object.keys(first) as (keyof Outcome)[]).find(
    (it) => JSON.stringify(first[it]) !== JSON.stringify(second[it]),
  )
  return `the traces are equal, but not ${key}: ${JSON.stringify(key && first[key])} and ${JSON.stringify(key && second[key])}`
}

/** The life of a process of the pool: one task after the other, each with one answer. */
async function serve(engineUrl: string): Promise<void> {
  const engine = (await import(engineUrl)) as Engine
  const say = (answer: Answer): void => {
    process.send?.(answer)
  }
  let busy = Promise.resolve()
  process.on('message', (task: Task) => {
    busy = busy.then(async () => {
      try {
        say(await playHere(engine, task))
      } catch (error) {
        say({ broken: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      }
    })
  })
  process.on('disconnect', () => process.exit())
  say({ ready: true })
}

if (import.meta.main) await serve(process.argv[2] ?? ENGINE.href)
