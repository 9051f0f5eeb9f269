import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commandIn, interactionIn, parseInteraction } from './payload.ts'

type Json = Record<string, unknown>
const PRESS: Json = {
  type: 'block_actions',
  api_app_id: 'A0JAX',
  team: { id: 'T0JAX', domain: 'jax' },
  enterprise: null,
  user: { id: 'U0ANA', username: 'ana', team_id: 'T0JAX' },
  container: { type: 'message', message_ts: '1700000000.000100', channel_id: 'C0PAPER', is_ephemeral: false },
  channel: { id: 'C0PAPER', name: 'paper' },
  message: { ts: '1700000000.000100' },
  actions: [{ type: 'button', action_id: 'apr.reject', block_id: 'apr', value: 'v1|a|1|b', action_ts: '1' }],
  trigger_id: '1.2.abc',
  response_url: 'https://hooks.slack.com/actions/x',
  token: 'legacy',
}
const SUBMISSION: Json = {
  type: 'view_submission',
  api_app_id: 'A0JAX',
  team: { id: 'T0JAX', domain: 'jax', enterprise_id: 'E0JAX' },
  user: { id: 'U0ANA', name: 'ana', team_id: 'T0JAX' },
  view: {
    callback_id: 'apr.reject.reason',
    private_metadata: '{}',
    state: { values: { r: { reason: { type: 'plain_text_input', value: 'too large' } } } },
  },
}
const action = (over: Json) => [{ ...(PRESS['actions'] as Json[])[0], ...over }]

describe('an interaction', () => {
  it('that is a button on a message is read', () => {
    assert.deepEqual(parseInteraction(PRESS), {
      ok: true,
      value: {
        kind: 'press',
        appID: 'A0JAX',
        teamID: 'T0JAX',
        enterpriseID: null,
        userID: 'U0ANA',
        userTeamID: 'T0JAX',
        conversation: 'C0PAPER',
        message: '1700000000.000100',
        actionID: 'apr.reject',
        value: 'v1|a|1|b',
        triggerID: '1.2.abc',
      },
    })
  })
  it('that is a window is read', () => {
    const read = parseInteraction(SUBMISSION)
    assert.ok(read.ok && read.value.kind === 'submission')
    assert.equal(read.value.enterpriseID, 'E0JAX')
    assert.equal(read.value.values['r']?.['reason']?.value, 'too large')
  })

  const refused: [name: string, payload: unknown][] = [
    ['nothing', null],
    ['a list', []],
    ['a shortcut', { ...PRESS, type: 'shortcut' }],
    ['a closed window', { ...SUBMISSION, type: 'view_closed' }],
    ['without an app', { ...PRESS, api_app_id: undefined }],
    ['without a workspace', { ...PRESS, team: null }],
    ['of two organisations', { ...PRESS, team: { id: 'T0JAX', enterprise_id: 'E0ONE' }, enterprise: { id: 'E0TWO' } }],
    ['without a user', { ...PRESS, user: undefined }],
    ['of a user without a workspace', { ...PRESS, user: { id: 'U0ANA' } }],
    ['in a window instead of a message', { ...PRESS, container: { type: 'view', view_id: 'V1' } }],
    ['of two messages', { ...PRESS, message: { ts: '1700000000.000200' } }],
    ['of two channels', { ...PRESS, channel: { id: 'C0OTHER' } }],
    ['with no action', { ...PRESS, actions: [] }],
    ['with two actions', { ...PRESS, actions: [...action({}), ...action({})] }],
    ['with a menu', { ...PRESS, actions: action({ type: 'static_select' }) }],
    ['with a number for a value', { ...PRESS, actions: action({ value: 7 }) }],
    ['with a value that is too long', { ...PRESS, actions: action({ value: 'x'.repeat(2001) }) }],
    ['with an id that is no id', { ...PRESS, user: { id: 'U0ANA\nU0BEN', team_id: 'T0JAX' } }],
  ]
  for (const [name, payload] of refused)
    it(`${name} is refused`, () => assert.equal(parseInteraction(payload).ok, false))

  const bodies: [name: string, body: string | Uint8Array][] = [
    ['no payload', 'a=b'],
    ['two payloads', `payload=${encodeURIComponent(JSON.stringify(PRESS))}&payload=%7B%7D`],
    ['no JSON', 'payload=%7B'],
    ['a key that appears twice', `payload=${encodeURIComponent('{"type":"block_actions","type":"shortcut"}')}`],
    ['a check of the certificate', 'ssl_check=1&token=x'],
    ['bytes that are no text', new Uint8Array([0xff, 0xfe])],
  ]
  for (const [name, body] of bodies)
    it(`with ${name} is refused`, () => assert.equal(interactionIn(Buffer.from(body as string)).ok, false))
})

describe('a slash command', () => {
  const FIELDS = {
    api_app_id: 'A0JAX',
    team_id: 'T0JAX',
    user_id: 'U0ANA',
    channel_id: 'C0PAPER',
    command: '/jax',
    text: 'halt the market is odd',
    token: 'legacy',
    response_url: 'https://hooks.slack.com/commands/x',
  }
  const form = (over: Readonly<Record<string, string>>) =>
    Buffer.from(new URLSearchParams({ ...FIELDS, ...over }).toString())
  it('is read', () => {
    const read = commandIn(form({ enterprise_id: 'E0JAX' }))
    assert.ok(read.ok)
    const { command, enterpriseID, text, userTeamID } = read.value
    assert.deepEqual(
      { command, enterpriseID, text, userTeamID },
      { command: '/jax', enterpriseID: 'E0JAX', text: FIELDS.text, userTeamID: null },
    )
  })
  for (const [name, over] of [
    ['without an app', { api_app_id: '' }],
    ['with an odd command', { command: '/jax <!channel>' }],
    ['with a long text', { text: 'x'.repeat(4001) }],
    ['of no channel', { channel_id: '#paper' }],
  ] as const)
    it(`${name} is refused`, () => assert.equal(commandIn(form(over)).ok, false))
})
