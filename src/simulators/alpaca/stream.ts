import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { lieOf } from '../../markets/lies.ts'
import type { Json } from './json.ts'
import type { Frame } from './books.ts'
import type { Venue } from './venue.ts'

type Keys = { readonly keyID: string; readonly secretKey: string }

/** How the stream misbehaves at the moment. */
export type StreamWhims = {
  silent: boolean
  muddled: boolean
  refusing: boolean
  /** Frames still to be lost. */
  dropping: number
  /** Fill frames carry the order's average and total, as pages before 2023 said they did. */
  averaged: boolean
}

/**
 * `/stream`: authenticate, listen, then `trade_updates`. Nothing is replayed and nothing is sent twice unless it is told
 * to. Text or binary frames hold the same JSON.
 */
export function openStream(venue: Venue, keys: Keys, frames: 'binary' | 'text') {
  const server = new WebSocketServer({ noServer: true })
  const listening = new Set<WebSocket>()
  const whims: StreamWhims = { silent: false, muddled: false, refusing: false, dropping: 0, averaged: false }

  const send = (socket: WebSocket, value: unknown): void => {
    const text = JSON.stringify(value)
    socket.send(frames === 'binary' ? Buffer.from(text) : text, { binary: frames === 'binary' })
  }
  const broadcast = (value: unknown): void => {
    for (const socket of listening) send(socket, value)
  }

  function greet(socket: WebSocket): void {
    let authorized = false
    socket.on('error', () => socket.terminate())
    socket.on('close', () => listening.delete(socket))
    socket.on('message', (data: RawData) => {
      const asked = read(data)
      if (!asked) return refuse(socket, 'invalid message')
      const { action, data: about } = asked
      if (action === 'authenticate') {
        authorized = about['key_id'] === keys.keyID && about['secret_key'] === keys.secretKey
        send(socket, { stream: 'authorization', data: { status: authorized ? 'authorized' : 'unauthorized', action } })
      } else if (action === 'listen') {
        if (!authorized) return send(socket, { stream: 'authorization', data: { status: 'unauthorized', action } })
        const asked_ = Array.isArray(about['streams']) ? about['streams'] : []
        // The list is the whole of what is wanted; names that nobody knows are left out of the answer without a word.
        const streams = asked_.filter((name) => name === 'trade_updates')
        if (streams.length > 0) listening.add(socket)
        else listening.delete(socket)
        send(socket, { stream: 'listening', data: { streams } })
      } else refuse(socket, `invalid action: ${String(action)}`)
    })
  }
  function refuse(socket: WebSocket, message: string): void {
    send(socket, { action: 'error', data: { error_message: message } })
    socket.close()
  }

  const stop = venue.onFrames((all) => {
    if (whims.silent) return
    const heard = all.filter(({ symbol }) => lieOf(symbol).stream !== 'none').map((f) => ({ ...f, data: told(f) }))
    const doubled = heard.filter((f) => whims.muddled || lieOf(f.symbol).stream === 'twice')
    const honest = heard.filter((f) => !doubled.includes(f))
    const first = honest.filter((f) => lieOf(f.symbol).submit === 'fill-first')
    // Backwards and then again: nothing comes in order, and each comes twice.
    const sent = [...honest.filter((f) => !first.includes(f)), ...first.reverse(), ...doubled.toReversed(), ...doubled]
    for (const frame of sent) {
      if (whims.dropping > 0) whims.dropping--
      else broadcast({ stream: 'trade_updates', data: frame.data })
    }
  })
  function told({ data }: Frame): Json {
    if (!whims.averaged || (data['event'] !== 'fill' && data['event'] !== 'partial_fill')) return data
    const order = data['order'] as Json
    return { ...data, price: order['filled_avg_price'], qty: order['filled_qty'] }
  }

  return {
    whims,
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      if (whims.refusing) return void socket.destroy()
      server.handleUpgrade(request, socket, head, greet)
    },
    broadcast,
    /** Ends every socket at once, as a network does. */
    cut(): void {
      for (const socket of server.clients) socket.terminate()
    },
    /** Tells everybody that something is wrong, and hangs up. */
    fail(message: string): void {
      for (const socket of server.clients) refuse(socket, message)
    },
    listeners: (): number => listening.size,
    close(): void {
      stop()
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}
export type Stream = ReturnType<typeof openStream>

function read(data: RawData): { readonly action: unknown; readonly data: Json } | null {
  try {
    const parsed: unknown = JSON.parse(textOf(data))
    if (typeof parsed !== 'object' || parsed === null) return null
    const { action, data: about } = parsed as { action?: unknown; data?: unknown }
    return { action, data: typeof about === 'object' && about !== null ? (about as Json) : {} }
  } catch {
    return null
  }
}

function textOf(data: RawData): string {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data)
  return bytes.toString('utf8')
}
