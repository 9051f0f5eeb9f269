import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endpointsOf } from './hosts.ts'

describe('the hosts of an environment', () => {
  it('are Alpaca’s own', () => {
    const [paper, live] = [endpointsOf('paper', null), endpointsOf('live', null)]
    assert.ok(paper.ok && live.ok)
    assert.equal(paper.value.trading, 'https://paper-api.alpaca.markets')
    assert.equal(live.value.trading, 'https://api.alpaca.markets')
    assert.ok(
      [paper, live].every(({ value }) => value.stream.startsWith('wss://') && value.data.startsWith('https://')),
    )
  })
  it('may be a simulator on this machine', () => {
    const at = (url: string) => endpointsOf('paper', url)
    assert.deepEqual(at('http://127.0.0.1:8090'), {
      ok: true,
      value: { trading: 'http://127.0.0.1:8090', data: 'http://127.0.0.1:8090', stream: 'ws://127.0.0.1:8090/stream' },
    })
    assert.ok(at('http://localhost:1').ok && at('http://[::1]:1/').ok)
  })

  // biome-ignore format: a table reads in columns
  const refused: readonly (readonly [environment: 'paper' | 'live', url: string])[] = [
    ['live',  'http://127.0.0.1:8090'],
    ['paper', 'https://127.0.0.1:8090'],
    ['paper', 'http://10.0.0.7:8090'],
    ['paper', 'https://paper-api.alpaca.markets'],
    ['paper', 'http://127.0.0.1.example.com'],
    ['paper', 'http://127.0.0.1@example.com'],
    ['paper', 'http://me:secret@127.0.0.1:1'],
    ['paper', 'http://127.0.0.1:1/v2'],
    ['paper', 'http://127.0.0.1:1?a=b'],
    ['paper', 'ws://127.0.0.1:1'],
    ['paper', 'not an address'],
    ['paper', ''],
  ]
  for (const [environment, url] of refused)
    it(`are not ${url} for ${environment}`, () => assert.equal(endpointsOf(environment, url).ok, false))
})
