// A broker that books whatever it is sent, on loopback, in a process of its own: the network half of the order benchmark.
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  const at = process.hrtime.bigint()
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => {
    body += chunk
  })
  request.on('end', () => {
    const { clOrdID } = JSON.parse(body) as { clOrdID: string }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ orderID: `B-${clOrdID}`, firstByteNs: at.toString() }))
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port))
process.on('disconnect', () => process.exit(0))
