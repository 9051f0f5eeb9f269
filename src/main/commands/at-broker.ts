// Stopping at the broker itself, by hand, with the service dead or hung and the database out of reach: nothing of ours is
// read but the configuration and its keys.
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Halt } from '../../api/wire.ts'
import { type Broker, type CancelSent, ReadFailed } from '../../ports/broker.ts'
import { visitBroker } from '../broker.ts'
import { NoAnswer } from '../client.ts'
import type { Context } from '../context.ts'
import { Stop } from '../exit.ts'
import { harmless, paint, table } from '../print.ts'
import { inWords, type Line, saidIn, sweep, type Swept, type Tell } from '../sweep.ts'

export type ByHand = {
  readonly reason: string
  /** Seconds to try for. */
  readonly wait: number
  /** Whether the broker is spoken to from here. Absent: when the service has not said that it is halted. */
  readonly atBroker?: boolean
  /** Exits as well. */
  readonly all?: boolean
  readonly lockBroker?: boolean
}
/** Whether the broker is to be spoken to from here, whatever the service says. */
export const isByHand = ({ atBroker, all, lockBroker }: ByHand): boolean =>
  atBroker === true || all === true || lockBroker === true

/** Whether there is a broker to speak to from here; says so when there is none. */
export function livesApart(ctx: Context): boolean {
  const apart = visitBroker(ctx.settings()) !== null
  if (!apart)
    ctx.out.say(
      'The simulated broker lives in the service and stands still with it: there is nothing to ask from here.',
    )
  return apart
}

/** How the halt stands before the broker is spoken to. */
export type Latched = {
  /** The HALT file; null when it could not be written. */
  readonly file: string | null
  /** What the service has answered; null when it did not say that it is halted. */
  readonly service: Halt | null
  readonly by: string
}

/** What is left to do when the service has not said that it is halted: `error` says why not. */
export async function haltWithoutService(
  ctx: Context,
  options: ByHand,
  latched: Omit<Latched, 'service'>,
  error: Error,
): Promise<void> {
  const { file } = latched
  const held = file === null ? '' : ' The file halts it all the same.'
  ctx.out.say(
    error instanceof NoAnswer
      ? `The service does not answer at ${error.url}.${file === null ? '' : ' It will start halted.'}`
      : harmless(`The service did not halt: ${error.message.replace(/\.$/, '')}.${held}`),
  )
  if (options.atBroker === false) ctx.out.say('Orders that are already at the broker stay there: check its own page.')
  else if (livesApart(ctx)) return haltAtBroker(ctx, options, { ...latched, service: null })
  if (file === null) throw notHalted(ctx, 'neither the file nor the service could be reached')
  ctx.out.answer({ halted: true, dataDir: ctx.places().dir, file, service: null }, () => 'Halted by file.')
}

const notHalted = (ctx: Context, why: string): Stop =>
  new Stop('UNAVAILABLE', `NOT HALTED: ${why}.`, {
    code: 'NOT_HALTED',
    lines: [
      'Is this the right data directory? (--data-dir, or JAX_EXEC_DATA)',
      `Stop it at the broker, and make the file by hand: touch ${ctx.places().halt}`,
    ],
  })

/**
 * Stops at the broker itself and prints what came of it.
 * @throws {Stop} when it is not proven that nothing is left there that may open a position, or nothing keeps the halt.
 */
export async function haltAtBroker(ctx: Context, options: ByHand, latched: Latched): Promise<void> {
  const settings = ctx.settings()
  const halted = latched.file !== null || latched.service !== null
  const broker = visitBroker(settings)
  if (broker === null) return
  if (options.all === true)
    ctx.out.say(
      paint(
        'red',
        `Stops and targets are canceled too: what is held stays without them.${latched.service === null ? '' : ' The service runs, and places a stop again for what it knows to be held: stop it first.'}`,
        process.stderr,
      ),
    )
  const say = (text: string): void => ctx.out.say(text)
  const record = keeper(ctx, latched.by)
  const keep = record.keep
  keep({
    what: 'begin',
    reason: options.reason,
    broker: settings.account.broker,
    host: broker.host,
    all: options.all === true,
  })

  const until = Date.now() + options.wait * 1000
  const opened = await open(broker, until, { say, keep })
  let swept: Swept = { lines: [], proven: false, trouble: null, unsure: [], bare: [] }
  let lock: CancelSent | null = null
  let name: string | null = null
  if (typeof opened === 'string') swept = { ...swept, trouble: opened }
  else
    try {
      name = (await opened.identity()).name
      swept = await sweep(opened, options.all === true, until, { say, keep })
      if (options.lockBroker === true) lock = await locked(opened, true, { say, keep })
    } finally {
      await opened.close()
    }
  keep({ what: 'end', proven: swept.proven, trouble: swept.trouble, left: left(swept).length })
  if (record.lost() !== null)
    say(`What was done could not be written to ${record.file} (${record.lost()}): keep this text.`)

  ctx.out.answer(
    {
      halted,
      dataDir: ctx.places().dir,
      file: latched.file,
      service: latched.service,
      broker: { name, host: broker.host, ...swept, ...(lock && { lock }), record: record.file },
    },
    () => words(swept, options, latched),
  )
  if (!halted)
    throw notHalted(
      ctx,
      swept.proven
        ? 'no entry is open at the broker, but neither the file nor the service keeps new ones from leaving'
        : 'neither the file nor the service could be reached, and it is not proven that no entry is open',
    )
  const no = unfinished(swept, options, { lock, at: `The broker does not answer at ${broker.host}` })
  if (no !== null) throw no
}

const left = ({ lines }: Swept): readonly Line[] => lines.filter(({ gone }) => !gone)

const LINE_COLUMNS = [
  { title: 'order', of: (line: Line) => line.order },
  { title: 'symbol', of: (line: Line) => line.symbol },
  { title: 'side', of: (line: Line) => line.side },
  { title: 'left', of: (line: Line) => line.qty, right: true },
  { title: 'now', of: (line: Line) => (line.gone ? 'gone' : 'NOT PROVEN') },
  { title: 'the broker said', of: (line: Line) => line.said },
] as const

function words(swept: Swept, { all }: ByHand, { file }: Latched): string {
  const none = all === true ? 'no order is open.' : 'no entry is open. Stops and targets stay.'
  return [
    table(
      LINE_COLUMNS,
      swept.lines,
      swept.proven ? 'Nothing was open that may open or enlarge a position.' : 'Nothing was canceled.',
    ),
    ...(swept.proven ? [`Proven by the broker’s own list: ${none}`] : []),
    ...(swept.bare.length === 0
      ? []
      : [harmless(`Without a resting exit for all of it, as far as the broker lists: ${swept.bare.join(', ')}.`)]),
    ...(file === null ? [] : ['Halted by file.']),
  ].join('\n')
}

/** What is missing to a proof; null when nothing is. */
function unfinished(
  swept: Swept,
  options: ByHand,
  { lock, at }: { readonly lock: CancelSent | null; readonly at: string },
): Stop | null {
  const byHand = 'Look at the broker’s own page, and cancel there.'
  if (!swept.proven && swept.trouble !== null)
    return new Stop('UNAVAILABLE', `${at}: ${swept.trouble}. What is open there is not known.`, {
      code: 'BROKER_UNREACHABLE',
      lines: [`It was tried for ${options.wait} s. Try again, longer: jax-exec halt --at-broker --wait 600`, byHand],
    })
  if (!swept.proven && left(swept).length === 0)
    return new Stop('FAILED', `${swept.unsure.length} orders were left open that may sell more than is held.`, {
      code: 'NOT_PROVEN',
      lines: [
        ...swept.unsure.map((order) => harmless(order)),
        'Each fits what is held, but not beside the stops and targets there, of which it may be the other half.',
        byHand,
      ],
    })
  if (!swept.proven)
    return new Stop('FAILED', `${left(swept).length} orders were not proven canceled within ${options.wait} s.`, {
      code: 'NOT_PROVEN',
      lines: [
        ...left(swept).map((line) => `${inWords(line)}: ${line.said}`),
        'Ask again: jax-exec halt --at-broker',
        byHand,
      ],
    })
  if (options.lockBroker === true && lock?.outcome !== 'accepted')
    return new Stop(
      'FAILED',
      `The account at the broker is NOT LOCKED: ${lock === null ? 'it was not reached' : saidIn(lock)}.`,
      { code: 'NOT_LOCKED' },
    )
  return null
}

/** Tries to open the way to the broker until `until`. @returns why not, in words, when it did not answer. */
async function open(
  { host, open }: { host: string; open: () => Promise<Broker> },
  until: number,
  { say, keep }: Tell,
): Promise<Broker | string> {
  let told = ''
  for (let tries = 0; ; tries++) {
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof ReadFailed)) throw error
      if (error.message !== told)
        say(harmless(`The broker does not answer at ${host} (${error.message}); it is tried until it does.`))
      told = error.message
      if (Date.now() >= until) {
        keep({ what: 'unreachable', said: told })
        return told
      }
    }
    await delay(Math.max(0, Math.min(1_000 * 2 ** Math.min(tries, 3), until - Date.now())))
  }
}

/** Turns the broker's own lock on or off. The same answer twice does no harm, so a lost one is asked for again. */
async function locked(broker: Broker, on: boolean, { say, keep }: Tell): Promise<CancelSent> {
  if (!broker.lock) return { outcome: 'rejected', text: 'this broker has no lock of its own' }
  let sent = await broker.lock(on)
  for (let tries = 0; tries < LOCK_TRIES && sent.outcome === 'in-doubt'; tries++) {
    await delay(1_000)
    sent = await broker.lock(on)
  }
  keep({ what: on ? 'lock' : 'unlock', said: saidIn(sent) })
  if (sent.outcome === 'accepted')
    say(
      on
        ? paint(
            'red',
            'LOCKED at the broker: it takes no new order from anybody. Stops can no longer be placed either, those of positions that are held included. Undo it with: jax-exec resume --unlock-broker --reason WHY',
            process.stderr,
          )
        : 'Unlocked at the broker: it takes new orders again.',
    )
  return sent
}
const LOCK_TRIES = 5

/** Takes the broker's own lock away. @throws {Stop} when it stays. */
export async function unlockBroker(ctx: Context, by: string): Promise<void> {
  const broker = visitBroker(ctx.settings())
  if (broker === null) return ctx.out.say('The simulated broker has no lock of its own.')
  const tell = { say: (text: string): void => ctx.out.say(text), keep: keeper(ctx, by).keep }
  const opened = await open(broker, Date.now() + UNLOCK_MS, tell)
  const sent: CancelSent =
    typeof opened === 'string' ? { outcome: 'in-doubt', cause: opened } : await locked(opened, false, tell)
  if (typeof opened !== 'string') await opened.close()
  if (sent.outcome === 'accepted') return
  throw new Stop('UNAVAILABLE', `The account at the broker may still be locked: ${saidIn(sent)}.`, {
    code: 'STILL_LOCKED',
    lines: [
      'Ask again: jax-exec resume --unlock-broker --reason WHY',
      'Or switch it in the account’s settings on the broker’s own page.',
    ],
  })
}
const UNLOCK_MS = 20_000

/** Writes each request and its answer into a file of the data directory, for want of a journal. */
function keeper(
  ctx: Context,
  by: string,
): { readonly file: string; readonly keep: Tell['keep']; readonly lost: () => string | null } {
  const file = ctx.places().haltAtBroker
  let lost: string | null = null
  return {
    file,
    keep(record) {
      try {
        appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), by, ...record })}\n`, { mode: 0o600 })
      } catch (error) {
        lost = (error as { code?: string }).code ?? String(error)
      }
    },
    lost: () => lost,
  }
}
