import type { Readable, Writable } from 'node:stream'
import { type JSONRPCMessage, parseJSONRPCMessage, type Transport } from '@modelcontextprotocol/server'
import { plainMessage } from '../api/mcp.ts'
import { readBody } from '../api/read.ts'

/** Longer lines are no messages of an assistant. */
const LINE_MAX = 1024 * 1024

/**
 * MCP's messages over a pair of pipes, one JSON text a line. Of the library's own transport it differs in two things: it
 * reads as strictly as the gateway and loses no digit of a price; and when the input ends, what was asked is answered first.
 */
export function messages(input: Readable, output: Writable): Transport & { readonly closed: Promise<void> } {
  const closed = Promise.withResolvers<void>()
  const asked = new Set<unknown>()
  let ended = false
  let isOver = false
  let rest = Buffer.alloc(0)

  const close = (): void => {
    if (isOver) return
    isOver = true
    input.pause()
    wire.onclose?.()
    closed.resolve()
  }
  const closeWhenDone = (): void => {
    if (ended && asked.size === 0) close()
  }
  const write = (message: unknown): Promise<void> =>
    new Promise((done, failed) =>
      output.write(`${JSON.stringify(message)}\n`, (error) => (error ? failed(error) : done())),
    )

  function read(line: Buffer): void {
    if (line.length === 0 || isOver) return
    const parsed = readBody(line)
    if (!parsed.ok) {
      const { detail } = parsed.error.body as { detail: string }
      void write({ jsonrpc: '2.0', id: null, error: { code: -32700, message: detail } }).catch(close)
      return
    }
    let message: JSONRPCMessage
    try {
      message = parseJSONRPCMessage(plainMessage(parsed.value))
    } catch {
      void write({
        jsonrpc: '2.0',
        id: null,
        error: { code: -32600, message: 'This is no JSON-RPC 2.0 message.' },
      }).catch(close)
      return
    }
    if ('method' in message && 'id' in message) asked.add(message.id)
    // Nobody waits for its answer any more, and there will be none.
    if ('method' in message && message.method === 'notifications/cancelled')
      asked.delete((message.params as { requestId?: unknown } | undefined)?.requestId)
    wire.onmessage?.(message)
  }

  const wire: ReturnType<typeof messages> = {
    closed: closed.promise,
    async start() {
      input.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk])
        for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
          const line = rest.subarray(0, end)
          rest = rest.subarray(end + 1)
          read(line)
        }
        if (rest.length <= LINE_MAX) return
        wire.onerror?.(
          new Error(`A line of more than ${LINE_MAX / 1024 / 1024} MiB is no message; the connection ends.`),
        )
        close()
      })
      input.on('end', () => {
        ended = true
        read(rest)
        closeWhenDone()
      })
      input.on('error', close)
      output.on('error', close)
    },
    async send(message) {
      if (isOver) throw new Error('the connection has ended')
      await write(message)
      if (!('method' in message)) asked.delete(message.id)
      closeWhenDone()
    },
    async close() {
      close()
    },
  }
  return wire
}
