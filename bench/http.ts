import { Agent, request } from 'node:http'

export type Poster = {
  readonly post: (body: string) => Promise<{ orderID: string; firstByteNs: string }>
  readonly close: () => void
}

/** One POST to the loopback broker over a kept connection: what both sides of the benchmark send. */
export function poster(port: number): Poster {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  return {
    post: (body) =>
      new Promise((resolve, reject) => {
        const call = request(
          {
            agent,
            host: '127.0.0.1',
            port,
            method: 'POST',
            path: '/orders',
            headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
          },
          (answer) => {
            let text = ''
            answer.setEncoding('utf8')
            answer.on('data', (chunk: string) => {
              text += chunk
            })
            answer.on('end', () => resolve(JSON.parse(text) as { orderID: string; firstByteNs: string }))
          },
        )
        call.on('error', reject)
        call.end(body)
      }),
    close: () => agent.destroy(),
  }
}
