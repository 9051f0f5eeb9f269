import { err, ok, type Result } from '../../values/result.ts'

/** Where one environment is spoken to. `stream` is the whole address, the others are bases without a slash at the end. */
export type Endpoints = { readonly trading: string; readonly stream: string; readonly data: string }

/** docs.alpaca.markets, "Getting Started with Trading API" and "Websocket Streaming". Market data has one host for both. */
const HOSTS: Readonly<Record<'paper' | 'live', Endpoints>> = {
  paper: {
    trading: 'https://paper-api.alpaca.markets',
    stream: 'wss://paper-api.alpaca.markets/stream',
    data: 'https://data.alpaca.markets',
  },
  live: {
    trading: 'https://api.alpaca.markets',
    stream: 'wss://api.alpaca.markets/stream',
    data: 'https://data.alpaca.markets',
  },
}

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost'])

/**
 * The hosts of an environment. Keys are sent to no other host, with one exception: in paper trading a simulator on this
 * machine.
 *
 * @param override such as `http://127.0.0.1:8090`; null for Alpaca itself.
 * @returns what is wrong with the override, in words.
 */
export function endpointsOf(environment: 'paper' | 'live', override: string | null): Result<Endpoints, string> {
  if (override === null) return ok(HOSTS[environment])
  if (environment !== 'paper') return err('another address than Alpaca’s own is for paper trading only')
  const url = URL.parse(override)
  if (!url) return err(`${JSON.stringify(override)} is not an address; write it as http://127.0.0.1:8090`)
  if (url.protocol !== 'http:' || !LOOPBACK.has(url.hostname))
    return err(
      'another address than Alpaca’s own must be http on this machine, such as http://127.0.0.1:8090: keys go nowhere else',
    )
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '' || url.pathname !== '/')
    return err(
      'the address has a path, a query or a name in it; host and port are enough, such as http://127.0.0.1:8090',
    )
  return ok({ trading: url.origin, data: url.origin, stream: `ws://${url.host}/stream` })
}
