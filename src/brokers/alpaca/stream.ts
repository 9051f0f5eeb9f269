import { WebSocket } from 'ws'
import type { Clock } from '../../ports/clock.ts'
import { parseJson } from '../../values/json.ts'
import type { Keys, Log } from './http.ts'
import { type Frame, Malformed, parseFrame, type Update } from './parse.ts'

export type StreamOptions = {
  readonly url: string
  readonly keys: Keys
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly onUpdate: (update: Update) => void
  /** Every order event from here on is heard; those before it were not. */
  readonly onUp: () => void
  readonly onDown: (text: string) => void
  /** A frame that could not be understood. */
  readonly onOdd: (text: string) => void
}

export type Stream = {
  /** True once it listens; false when it could not be had within `ms`. It goes on trying. */
  ready(ms: number): Promise<boolean>
  close(): void
}

/** docs.alpaca.markets "Websocket Streaming" pings are ours to send; Alpaca's own clients send one every ten seconds. */
const PING_MS = 10_000
/** A pong takes milliseconds. With the ping before it, a dead line is noticed within 15 s. */
const PONG_MS = 5_000
/** From the first byte to the acknowledgement that we listen. */
const GREETING_MS = 10_000
const BACKOFF = { firstMs: 1_000, capMs: 60_000 }
/** A line that breaks sooner after its greeting than this is not yet a good one: the wait before the next goes on growing. */
const HEALTHY_MS = 30_000
/** The largest frame holds one order with its legs. */
const MAX_FRAME_BYTES = 1 << 20

type End = { readonly text: string; readonly refused: boolean; readonly upMs: number; readonly wasUp: boolean }

/** The stream of order events, kept up until it is closed or Alpaca refuses the keys. */
export function openStream(o: StreamOptions): Stream {
  const stop = new AbortController()
  let socket: WebSocket | null = null
  let up = false
  const waiting = new Set<() => void>()

  const isUp = (): void => {
    up = true
    for (const tell of waiting) tell()
    o.onUp()
  }

  async function keepUp(): Promise<void> {
    for (let failures = 0; !stop.signal.aborted; failures++) {
      const end = await session()
      up = false
      if (stop.signal.aborted) return
      if (end.upMs >= HEALTHY_MS) failures = 0
      o.log('warn', 'the order stream ended', { text: end.text, refused: end.refused, upMs: end.upMs })
      // Said once per loss, not once per try.
      if (end.wasUp || failures === 0 || end.refused) o.onDown(end.text)
      // Trying refused keys again would only get them locked. Orders are still followed by asking.
      if (end.refused) return
      await o.clock.sleep(backoffMs(failures, o.random()), stop.signal)
    }
  }

  /** One connection from its first byte to its last. */
  function session(): Promise<End> {
    return new Promise((resolve) => {
      const ws = new WebSocket(o.url, {
        handshakeTimeout: GREETING_MS,
        maxPayload: MAX_FRAME_BYTES,
        perMessageDeflate: false,
        followRedirects: false,
      })
      socket = ws
      const over = new AbortController()
      let upAtNs: bigint | null = null
      let refused = false
      let why = 'the order stream was closed by Alpaca'
      let heard = 0

      const end = (): void => {
        if (over.signal.aborted) return
        over.abort()
        const upMs = upAtNs === null ? 0 : Number((o.clock.monotonicNs() - upAtNs) / 1_000_000n)
        resolve({ text: why, refused, upMs, wasUp: upAtNs !== null })
      }
      const drop = (text: string): void => {
        why = text
        ws.terminate()
        end()
      }

      const greet = async (): Promise<void> => {
        await o.clock.sleep(GREETING_MS, over.signal)
        if (!over.signal.aborted && upAtNs === null) drop('Alpaca did not acknowledge the order stream in time')
      }
      const listenForLife = async (): Promise<void> => {
        while (!over.signal.aborted) {
          await o.clock.sleep(PING_MS, over.signal)
          if (over.signal.aborted) return
          const before = heard
          ws.ping()
          await o.clock.sleep(PONG_MS, over.signal)
          if (!over.signal.aborted && heard === before) drop('the order stream fell silent: no answer to a ping')
        }
      }

      const understand = (frame: Frame): void => {
        switch (frame.kind) {
          case 'authorization':
            if (frame.authorized) ws.send(JSON.stringify({ action: 'listen', data: { streams: ['trade_updates'] } }))
            else {
              refused = true
              drop('Alpaca refused the keys for the order stream; fix them and restart')
            }
            return
          case 'listening':
            if (!frame.streams.includes('trade_updates')) drop('Alpaca does not offer the stream trade_updates')
            else if (upAtNs === null) {
              upAtNs = o.clock.monotonicNs()
              isUp()
            }
            return
          case 'update':
            o.onUpdate(frame.update)
            return
          case 'error':
            drop(`Alpaca ended the order stream: ${frame.text}`)
            return
          case 'other':
            o.onOdd(`a frame of ${frame.text}`)
        }
      }

      ws.on('open', () => {
        const { keyID, secretKey } = o.keys
        ws.send(JSON.stringify({ action: 'authenticate', data: { key_id: keyID, secret_key: secretKey } }))
        void greet()
        void listenForLife()
      })
      ws.on('pong', () => heard++)
      // Paper sends binary frames, and which kind live sends is not documented: both hold the same text.
      ws.on('message', (data: Buffer) => {
        heard++
        const frame = read(data.toString('utf8'))
        if (typeof frame === 'string') o.onOdd(frame)
        else understand(frame)
      })
      ws.on('error', (error) => {
        why = `the order stream broke: ${error.message}`
      })
      ws.on('close', end)
    })
  }

  void keepUp()
  return {
    async ready(ms) {
      if (up) return true
      const enough = new AbortController()
      const told = new Promise<void>((tell) => waiting.add(tell))
      await Promise.race([told, o.clock.sleep(ms, AbortSignal.any([enough.signal, stop.signal]))])
      enough.abort()
      return up
    },
    close() {
      stop.abort()
      socket?.terminate()
    },
  }
}

/** The frame, or in words why it is none. */
function read(text: string): Frame | string {
  const json = parseJson(text)
  if (!json.ok) return `a frame that is not JSON: ${json.error.message}`
  try {
    return parseFrame(json.value)
  } catch (thrown) {
    if (thrown instanceof Malformed) return `a frame that cannot be read: ${thrown.message}`
    throw thrown
  }
}

/** Half of the step is certain, the other half drawn, so that many gateways do not come back at once. */
function backoffMs(failures: number, random: number): number {
  const step = Math.min(BACKOFF.capMs, BACKOFF.firstMs * 2 ** Math.min(failures, 16))
  return Math.max(BACKOFF.firstMs, Math.floor(step / 2 + (step / 2) * random))
}
