import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isAllowed, type SlackSettings, wrongIn } from './settings.ts'

const GOOD: SlackSettings = {
  botToken: 'xoxb-1',
  signingSecrets: ['0123456789abcdef'],
  appToken: null,
  channelID: 'C0PAPER',
  workspace: { teamID: 'T0JAX', enterpriseID: null, appID: 'A0JAX' },
}

describe('settings of Slack', () => {
  const rows: [name: string, over: Partial<SlackSettings>, wrong: RegExp | null][] = [
    ['good ones', {}, null],
    ['good ones with a socket only', { signingSecrets: [], appToken: 'xapp-1' }, null],
    ['two secrets', { signingSecrets: ['0123456789abcdef', 'fedcba9876543210'] }, null],
    [
      'three secrets',
      { signingSecrets: ['0123456789abcdef', 'fedcba9876543210', 'fedcba9876543211'] },
      /signing secret/,
    ],
    ['an empty secret', { signingSecrets: [''] }, /signing secret/],
    ['no way to hear a click', { signingSecrets: [] }, /no click can be heard/],
    ['a token of a user', { botToken: 'xoxp-1' }, /xoxb-/],
    ['a bot token for the socket', { appToken: 'xoxb-1' }, /xapp-/],
    ['a channel by name', { channelID: '#paper' }, /Slack ids/],
    ['an app by name', { workspace: { ...GOOD.workspace, appID: 'jax' } }, /Slack ids/],
    ['another host', { apiUrl: 'https://slack.example/api/' }, /slack\.com/],
    ['this machine, not told to', { apiUrl: 'http://127.0.0.1:9/api/' }, /slack\.com/],
    ['this machine, told to', { apiUrl: 'http://127.0.0.1:9/api/', testEndpoints: true }, null],
    ['another machine, told to', { apiUrl: 'http://10.0.0.1/api/', testEndpoints: true }, /slack\.com/],
  ]
  for (const [name, over, wrong] of rows)
    it(name, () => {
      const said = wrongIn({ ...GOOD, ...over })
      if (wrong === null) assert.equal(said, null)
      else assert.match(said ?? '', wrong)
    })

  const addresses: [url: string, scheme: 'http' | 'ws', test: boolean, allowed: boolean][] = [
    ['https://slack.com/api/', 'http', false, true],
    ['https://slack.com.evil.example/api/', 'http', false, false],
    ['https://evilslack.com/api/', 'http', false, false],
    ['https://slack.com@evil.example/api/', 'http', false, false],
    ['https://ana:pw@slack.com/api/', 'http', false, false],
    ['https://slack.com:8443/api/', 'http', false, false],
    ['http://slack.com/api/', 'http', true, false],
    ['wss://wss-primary.slack.com/link/?ticket=1', 'ws', false, true],
    ['wss://wss-primary.slack.example/link/', 'ws', false, false],
    ['ws://127.0.0.1:9/link', 'ws', false, false],
    ['ws://127.0.0.1:9/link', 'ws', true, true],
    ['ws://localhost:9/link', 'ws', true, true],
    ['ws://127.0.0.1.evil.example/link', 'ws', true, false],
    ['https://slack.com/link', 'ws', false, false],
    ['nothing', 'ws', true, false],
  ]
  for (const [url, scheme, testEndpoints, allowed] of addresses)
    it(`${allowed ? 'go' : 'never go'} to ${url}${testEndpoints ? ' in a test' : ''}`, () =>
      assert.equal(isAllowed(url, scheme, { ...GOOD, testEndpoints }), allowed))
})
