import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'

/** What came of an envelope: what it was acknowledged with, or null when nobody did, however often it was sent. */
export type Acked = { readonly payload: Readonly<Record<string, unknown>> } | null

/** How the socket misbehaves at the moment. */
export type LinkWhims = {
  /** Acknowledgements still to be lost. */
  losingAcks: number
  /** False: a link that is opened is never told hello. */
  greeting: boolean
  /** Handed out in place of the right one. */
  address: string | null
}

const PING_MS = 10_000
/** Sent again this often when nobody acknowledges. */
const RETRIES_MAX = 2

/**
 * The socket of Socket Mode: says hello, hands over envelopes, and hands them over again, under the same id, when they are
 * not acknowledged in time.
 */
export function openLink(options: { readonly appID: string; readonly ackMs: number; readonly next: () => number }) {
  const server = new WebSocketServer({ noServer: true })
  const open = new Set<WebSocket>()
  const tickets = new Set<string>()
  const waiting = new Map<string, (acked: NonNullable<Acked>) => void>()
  const timers = new Set<NodeJS.Timeout>()
  const whims: LinkWhims = { losingAcks: 0, greeting: true, address: null }
  let opened = 0

  function greet(socket: WebSocket): void {
    opened++
    const pings = setInterval(() => socket.ping(), PING_MS)
    socket.on('error', () => socket.terminate())
    socket.on('close', () => {
      clearInterval(pings)
      open.delete(socket)
    })
    socket.on('message', (data: RawData) => {
      const { envelope_id, payload } = read(data)
      if (typeof envelope_id !== 'string') return
      if (whims.losingAcks > 0) return void whims.losingAcks--
      waiting.get(envelope_id)?.({ payload: payload ?? {} })
    })
    if (!whims.greeting) return
    const hello = {
      type: 'hello',
      num_connections: open.size + 1,
      connection_info: { app_id: options.appID },
      debug_info: { host: 'simulator', approximate_connection_time: 18_060 },
    }
    socket.send(JSON.stringify(hello))
    open.add(socket)
  }

  function pause(ms: number): Promise<null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        timers.delete(timer)
        resolve(null)
      }, ms)
      timers.add(timer)
    })
  }

  return {
    whims,
    /** How many links are up, and how many there ever were. */
    links: () => ({ up: open.size, ever: opened }),
    ticket(): string {
      const ticket = `ticket-${options.next()}`
      tickets.add(ticket)
      return ticket
    },
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      const ticket = new URL(request.url ?? '/', 'http://local').searchParams.get('ticket') ?? ''
      // One ticket, one link.
      if (!tickets.delete(ticket)) return void socket.destroy()
      server.handleUpgrade(request, socket, head, greet)
    },
    async send(type: string, envelopeID: string, payload: unknown, answerable: boolean): Promise<Acked> {
      const acked = new Promise<NonNullable<Acked>>((resolve) => waiting.set(envelopeID, resolve))
      try {
        for (let attempt = 0; attempt <= RETRIES_MAX; attempt++) {
          const retry = attempt > 0 ? { retry_attempt: attempt, retry_reason: 'timeout' } : {}
          const frame = { envelope_id: envelopeID, type, accepts_response_payload: answerable, ...retry, payload }
          // The youngest link: the older ones may be on their way out.
          ;[...open].at(-1)?.send(JSON.stringify(frame))
          const answer = await Promise.race([acked, pause(options.ackMs)])
          if (answer) return answer
        }
        return null
      } finally {
        waiting.delete(envelopeID)
      }
    },
    /** Asks every client to open another link, as Slack does every few hours, and hangs up when it has said goodbye. */
    refresh(reason: 'warning' | 'refresh_requested' = 'refresh_requested'): void {
      for (const socket of open) {
        open.delete(socket)
        socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'simulator' } }))
      }
    },
    /** Ends every link at once, as a network does. */
    cut(): void {
      for (const socket of server.clients) socket.terminate()
    },
    close(): void {
      for (const timer of timers) clearTimeout(timer)
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}
export type Link = ReturnType<typeof openLink>

function read(data: RawData): { readonly envelope_id?: unknown; readonly payload?: Readonly<Record<string, unknown>> } {
  try {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data)
    return (JSON.parse(bytes.toString('utf8')) ?? {}) as { envelope_id?: unknown }
  } catch {
    return {}
  }
}
