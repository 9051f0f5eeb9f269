import { SocketModeClient } from '@slack/socket-mode'
import type { WebClientOptions } from '@slack/web-api'
import type { Clock } from '../../ports/clock.ts'
import { Fault } from '../../values/fault.ts'
import { msBetween } from '../../values/instant.ts'
import { SILENT, webOptions } from './client.ts'
import { within } from './patience.ts'
import type { Log } from './settings.ts'

/** What Slack hands over: it wants an `ack` within three seconds, or sends the same envelope again. */
export type Envelope = {
  readonly type: string
  readonly envelopeID: string
  readonly payload: unknown
  /** Rejects never: an ack that is lost only makes Slack send the envelope again. */
  readonly ack: (answer: object | null) => Promise<void>
}

export type SocketOptions = {
  readonly appToken: string
  readonly apiUrl: string
  readonly fetch: WebClientOptions['fetch']
  /** Which addresses a link may lead to. */
  readonly allowed: (url: string) => boolean
  readonly clock: Clock
  /** From 0 to 1, below 1. */
  readonly random: () => number
  readonly log: Log
  readonly hear: (envelope: Envelope) => Promise<void>
}

const OPEN_MS_MAX = 10_000
const CLOSE_MS_MAX = 2000
/** A link that ended sooner did not work: without a pause it would be opened in a hot loop. */
const STEADY_MS = 5000
const PAUSE_MS = { first: 500, cap: 60_000 } as const

/**
 * Socket Mode. The client's own reconnection is off: it gives up at the first failure to ask for an address, and that
 * failure is an unhandled rejection. Here each link has a client of its own, until `stop`.
 */
export function openSocket(options: SocketOptions) {
  const { clock, log } = options
  const stopping = new AbortController()
  const stopped = new Promise<void>((resolve) =>
    stopping.signal.addEventListener('abort', () => resolve(), { once: true }),
  )
  let running: Promise<void> | null = null
  let trouble: string | null = null

  async function run(tried: () => void): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      const client = new SocketModeClient({
        appToken: options.appToken,
        autoReconnectEnabled: false,
        logger: SILENT,
        clientOptions: webOptions(options.apiUrl, options.fetch),
      })
      const ended = new Promise<void>((resolve) => client.on('disconnected', () => resolve()))
      client.on('authenticated', (said: { readonly url?: unknown }) => {
        // Thrown into the client's own start, which then fails before it opens anything.
        if (typeof said.url !== 'string' || !options.allowed(said.url))
          throw new Fault('SLACK_LINK_ADDRESS', 'Slack named an address for the link that is not its own')
      })
      client.on('slack_event', (said: Raw) => void hear(said))
      const opened = clock.now()
      const why = await connected(client)
      if (why === null) {
        trouble = null
        log('info', 'Listening to Slack through its socket.', {})
        tried()
        await Promise.race([ended, stopped])
      }
      const steady = why === null && msBetween(opened, clock.now()) >= STEADY_MS
      failures = steady ? 0 : failures + 1
      if (!stopping.signal.aborted) {
        trouble = `The socket to Slack is closed${why === null ? '' : `: ${why}`}. It is opened again by itself; clicks in Slack are not heard until then.`
        log('warn', trouble, { failures })
      }
      await within(clock, CLOSE_MS_MAX, client.disconnect(), undefined)
      tried()
      if (failures > 0) await clock.sleep(pauseMs(failures, options.random()), stopping.signal)
    }
  }

  /** Null once Slack has greeted; otherwise why it has not. */
  async function connected(client: SocketModeClient): Promise<string | null> {
    const started = client.start().then(
      () => null,
      (error: unknown) => (error instanceof Error ? wordsOf(error) : 'Slack closed it before it greeted'),
    )
    // Also a stop waits for the greeting first: the client, told to end while it connects, leaves a timer of half a minute.
    const late = 'Slack did not greet in time'
    return Promise.race([
      within(clock, OPEN_MS_MAX, started, late),
      stopped.then(() => within(clock, CLOSE_MS_MAX, started, late)),
    ])
  }

  async function hear({ type, envelope_id, body, ack }: Raw): Promise<void> {
    try {
      await options.hear({
        type,
        envelopeID: envelope_id,
        payload: body,
        ack: async (answer) => {
          try {
            await ack(answer ?? {})
          } catch {
            log('warn', 'An answer to Slack was lost with its socket. Slack sends the same click again.', {})
          }
        },
      })
    } catch (error) {
      log('error', 'A message from Slack could not be handled.', {
        error: error instanceof Error ? error.name : 'unknown',
      })
    }
  }

  return {
    /** Resolves after the first attempt, whatever came of it. */
    start: (): Promise<void> =>
      new Promise((resolve) => {
        running ??= run(resolve)
      }),
    async stop(): Promise<void> {
      stopping.abort()
      await running
    },
    trouble: (): string | null => trouble,
  }
}

type Raw = {
  readonly type: string
  readonly envelope_id: string
  readonly body: unknown
  readonly ack: (answer?: object) => Promise<void>
}

function pauseMs(failures: number, random: number): number {
  const full = Math.min(PAUSE_MS.cap, PAUSE_MS.first * 2 ** Math.min(failures - 1, 10))
  return full * (0.5 + random / 2)
}

/** Only what we know to hold no secret: the address of a link is one. */
function wordsOf(error: Error): string {
  if (error instanceof Fault) return error.message
  const code = (error as { readonly data?: { readonly error?: unknown } }).data?.error
  return typeof code === 'string' && /^[a-z_]{1,60}$/.test(code) ? `Slack says ${code}` : 'Slack could not be reached'
}
