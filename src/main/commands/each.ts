// Halting several gateways with one command. Each is halted by a process of its own, all at the same time: a broker that is
// out of reach, a configuration with a mistake or a hung service holds up nobody but itself.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { HaltLevel } from '../../api/wire.ts'
import { environmentOfAnother } from '../config.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitName, Stop } from '../exit.ts'
import { harmless, table } from '../print.ts'
import { type ByHand, isByHand } from './at-broker.ts'

type Each = ByHand & { readonly level?: HaltLevel; readonly also: readonly string[] }

/** How the halt of one gateway ended. */
type Ended = {
  /** Its configuration file, as it was typed; `this one` for the gateway that the command was given for. */
  readonly gateway: string
  readonly exit: number
  /** Its data directory, links followed; null when it did not say. */
  readonly dataDir: string | null
  /** The HALT file that holds it; null when it is not known to be there. */
  readonly file: string | null
  /** Whether its service, or the broker itself, has said that no entry is open. A halt below K4 takes none back. */
  readonly proven: boolean
  /** What is missing to the halt that was asked for; null when nothing is. */
  readonly error: { readonly code: string; readonly message: string } | null
}

/** What `jax-exec halt --json` prints that matters here: its answer, its error, or the one after the other. */
const PRINTED = z.object({
  dataDir: z.string().optional(),
  file: z.string().nullish(),
  service: z.object({ proven: z.boolean() }).nullish(),
  broker: z.object({ proven: z.boolean() }).optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
})

const OWN = 'this one'
const COLUMNS = [
  { title: 'gateway', of: ({ gateway }: Ended) => gateway },
  { title: 'now', of: nowOf },
  { title: 'held by', of: ({ file }: Ended) => file ?? '' },
] as const

function nowOf({ error, proven }: Ended): string {
  if (error !== null) return error.code
  return proven ? 'halted, and proven' : 'halted; what works at the broker stays'
}

/**
 * Halts this gateway and each that is named, and prints what came of each.
 * @throws {Stop} when one of them is not proven to be stopped; the others are, whatever became of it.
 */
export async function haltEach(ctx: Context, { also, ...options }: Each): Promise<void> {
  const { config, dataDir, url } = ctx.options
  const own = [
    ...(config === undefined ? [] : ['--config', config]),
    ...(dataDir === undefined ? [] : ['--data-dir', dataDir]),
    ...(url === undefined ? [] : ['--url', url]),
  ]
  const words = wordsOf(options)
  const files = [...new Set(also.map((file) => resolve(file)))]
  ctx.out.say(`Halting ${files.length + 1} gateways at the same time.`)
  const takesBack = (options.level ?? 'K4') === 'K4' || isByHand(options)
  const ended = await Promise.all([
    haltOne(ctx, OWN, [...words, ...own], { takesBack, env: undefined }),
    ...files.map((file) =>
      haltOne(ctx, file, [...words, '--config', file], { takesBack, env: environmentOfAnother() }),
    ),
  ])

  ctx.out.answer({ gateways: ended }, () => table(COLUMNS, ended, ''))
  const open = ended.filter(({ error }) => error !== null)
  const twice = sharing(ended)
  if (open.length === 0 && twice === null) return
  if (open.length === 0)
    throw new Stop('CONFIG', `Two of these are one gateway: ${twice}.`, {
      code: 'SAME_GATEWAY',
      lines: ['It is halted. Name the configuration file of the other one, or give it a data directory of its own.'],
    })
  throw new Stop(worst(open), `${open.length} of ${ended.length} gateways are not proven to be stopped.`, {
    code: 'NOT_PROVEN',
    lines: [
      ...open.map(({ gateway, error }) => harmless(`${gateway}: ${error?.message ?? ''}`)),
      'What each said stands above, with its name before it. Look at the broker’s own page, and halt it again by itself.',
    ],
  })
}

/** The first that share one data directory, in words; null when each has its own. */
function sharing(ended: readonly Ended[]): string | null {
  for (const [i, { gateway, dataDir }] of ended.entries()) {
    const other = ended.slice(i + 1).find((one) => dataDir !== null && one.dataDir === dataDir)
    if (other !== undefined) return `${gateway} and ${other.gateway} (${dataDir})`
  }
  return null
}

const worst = (open: readonly Ended[]): ExitName =>
  open.some(({ exit }) => exit === EXIT.UNAVAILABLE.code) ? 'UNAVAILABLE' : 'FAILED'

function wordsOf({
  reason,
  wait,
  level,
  atBroker,
  all,
  lockBroker,
}: ByHand & { readonly level?: HaltLevel }): string[] {
  return [
    'halt',
    '--json',
    '--reason',
    reason,
    '--wait',
    String(wait),
    ...(level === undefined ? [] : ['--level', level]),
    ...(atBroker === undefined ? [] : [atBroker ? '--at-broker' : '--no-at-broker']),
    ...(all === true ? ['--all'] : []),
    ...(lockBroker === true ? ['--lock-broker'] : []),
  ]
}

/**
 * Halts one gateway in a process of its own, and repeats what that says with the gateway's name before it.
 * @param how `takesBack`: entries are to be canceled, which counts only when it is proven.
 */
async function haltOne(
  ctx: Context,
  gateway: string,
  words: readonly string[],
  how: { readonly takesBack: boolean; readonly env: NodeJS.ProcessEnv | undefined },
): Promise<Ended> {
  const child = spawn(process.execPath, [CLI, ...words], { env: how.env, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  createInterface({ input: child.stderr }).on('line', (line) => ctx.out.say(harmless(`${gateway} | ${line}`)))
  let exit: number
  let failed: Ended['error'] = null
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    exit = code ?? EXIT.FAILED.code
  } catch (error) {
    exit = EXIT.FAILED.code
    failed = { code: 'NOT_HALTED', message: String(error) }
  }
  const said = documentsIn(printed)
  const answer = said.find(({ error }) => error === undefined)
  const proven = answer?.service?.proven === true || answer?.broker?.proven === true
  const error = failed ?? said.find((one) => one.error !== undefined)?.error
  return {
    gateway,
    exit,
    dataDir: answer?.dataDir === undefined ? null : followed(answer.dataDir),
    file: answer?.file ?? null,
    proven,
    error: error ?? missing(exit, proven || !how.takesBack),
  }
}

/** What is missing where the command itself named nothing. */
function missing(exit: number, enough: boolean): Ended['error'] {
  if (exit !== EXIT.DONE.code) return { code: 'NOT_HALTED', message: `its command ended with ${exit}` }
  return enough
    ? null
    : { code: 'NOT_PROVEN', message: 'No new order leaves, but nobody has said that none is open at the broker.' }
}

/** The directory behind the links in its name; its name when it cannot be looked at. */
function followed(dir: string): string {
  try {
    return realpathSync(dir)
  } catch {
    return resolve(dir)
  }
}
const CLI = resolve(import.meta.dirname, '..', 'cli.ts')

/** The JSON documents that were printed one after the other; what is none is left out. */
function documentsIn(text: string): z.infer<typeof PRINTED>[] {
  return text.split(/(?<=^\})\n(?=\{)/m).flatMap((one) => {
    try {
      return [PRINTED.parse(JSON.parse(one))]
    } catch {
      return []
    }
  })
}
