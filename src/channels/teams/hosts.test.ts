import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endpointsOf } from './hosts.ts'

const microsoft = endpointsOf(null, false)
assert.ok(microsoft.ok)

describe('a service address', () => {
  for (const good of [
    'https://smba.trafficmanager.net/emea/',
    'https://smba.trafficmanager.net/emea/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee/',
    'https://SMBA.trafficmanager.net',
    'https://europe.api.botframework.com/',
    'https://smba.infra.gcc.teams.microsoft.com/teams',
  ])
    it(`is Microsoft’s: ${good}`, () => assert.equal(microsoft.value.serves(good), true))

  for (const bad of [
    '',
    'http://smba.trafficmanager.net/emea/',
    'https://evil.trafficmanager.net/',
    'https://smba.trafficmanager.net.evil.example/',
    'https://smba.trafficmanager.net./',
    'https://evilbotframework.com/',
    'https://botframework.com/',
    'https://teams.microsoft.com/',
    'https://api.botframework.com.evil.example/',
    'https://smba.trafficmanager.net:8443/',
    'https://smba.trafficmanager.net:443@evil.example/',
    'https://user@smba.trafficmanager.net/',
    'https://evil.example\\@smba.trafficmanager.net/',
    'https://evil.example/https://smba.trafficmanager.net/',
    'https://evil.example#smba.trafficmanager.net',
    'https://evil.example?smba.trafficmanager.net',
    'https://evil.example/.botframework.com',
    'https://smba.trafficmanager.net/%2e%2e/',
    ' https://smba.trafficmanager.net/',
    'https://smba.trafficmanager.net/\n',
    'https://ａpi.botframework.com/',
    'ftp://smba.trafficmanager.net/',
    '//smba.trafficmanager.net/',
    'http://127.0.0.1:8080/',
  ])
    it(`is not: ${JSON.stringify(bad)}`, () => assert.equal(microsoft.value.serves(bad), false))
})

describe('a test address', () => {
  it('is taken on this machine, when tests are allowed', () => {
    const test = endpointsOf('http://127.0.0.1:8093', true)
    assert.ok(test.ok)
    assert.equal(test.value.login, 'http://127.0.0.1:8093')
    assert.equal(test.value.serves('http://127.0.0.1:8093/amer/'), true)
    for (const other of [
      'http://127.0.0.1:8094/amer/',
      'http://localhost:8093/',
      'https://smba.trafficmanager.net/',
      'http://127.0.0.1:8093@evil.example/',
    ])
      assert.equal(test.value.serves(other), false, other)
  })
  it('is refused in production, with a sentence', () => {
    const no = endpointsOf('http://127.0.0.1:8093', false)
    assert.ok(!no.ok)
    assert.match(no.error, /tests only/)
  })
  for (const bad of [
    'https://127.0.0.1:1',
    'http://evil.example',
    'http://127.0.0.1.evil.example',
    'http://x@127.0.0.1:1',
    'http://127.0.0.1:1/a',
  ])
    it(`is not: ${bad}`, () => assert.equal(endpointsOf(bad, true).ok, false))
})
