import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readActivity, type Said, saidIn } from './payload.ts'

const APP = '11111111-2222-4333-8444-555555555555'
const TENANT = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'
const BASE = {
  channelId: 'msteams',
  serviceUrl: 'https://smba.trafficmanager.net/emea/',
  conversation: { id: '19:x@thread.tacv2;messageid=1', tenantId: TENANT, conversationType: 'personal' },
  channelData: { tenant: { id: TENANT } },
  recipient: { id: `28:${APP}` },
  from: { id: '29:1', aadObjectId: '0A0A0A0A-0000-4000-8000-00000000000A' },
  id: 'f:1',
}
const read = (over: object) => {
  const activity = readActivity(JSON.stringify({ ...BASE, ...over }))
  assert.ok(activity.ok, JSON.stringify(activity))
  return activity.value
}
const said = (over: object): Said => saidIn(read(over))
const word = (text: unknown, over: object = {}): Said => said({ type: 'message', text, ...over })

const DATA = { g: 'gAtEwAy0123456_-', a: 'sig-1', r: 3, d: '0CzsYl74tig7is-F' }
const invoke = (data: unknown, verb: unknown = 'apr.reject', over: object = {}): Said =>
  said({
    type: 'invoke',
    name: 'adaptiveCard/action',
    value: { action: { type: 'Action.Execute', verb, data } },
    ...over,
  })
const click = { verb: 'apr.reject', gateway: DATA.g, intentID: 'sig-1', rev: 3, digest: DATA.d, reason: null }

describe('a click', () => {
  it('is read with its reason', () => {
    assert.deepEqual(invoke(DATA), { kind: 'click', click })
    assert.deepEqual(invoke({ ...DATA, reason: ' too\nlarge\u202e ' }), {
      kind: 'click',
      click: { ...click, reason: 'too large' },
    })
    assert.deepEqual(invoke({ ...DATA, reason: null, more: 1 }), { kind: 'click', click })
  })
  it('has its reason cut, never refused', () => {
    const long = invoke({ ...DATA, reason: 'x'.repeat(9000) })
    assert.ok(long.kind === 'click')
    assert.equal(long.click.reason?.length, 500)
  })
  for (const [name, data, verb] of [
    ['an unknown verb', DATA, 'apr.approve2'],
    ['a verb of a prototype', DATA, 'constructor'],
    ['no verb', DATA, null],
    ['no data', null, 'apr.reject'],
    ['data as a list', [DATA], 'apr.reject'],
    ['no gateway, as those of before', { ...DATA, g: undefined }, 'apr.confirm'],
    ['a gateway that is none', { ...DATA, g: 'gAtEwAy0123456_' }, 'apr.confirm'],
    ['no intent', { ...DATA, a: undefined }, 'apr.confirm'],
    ['an intent that is none', { ...DATA, a: '../x' }, 'apr.confirm'],
    ['a list for an intent', { ...DATA, a: ['sig-1'] }, 'apr.confirm'],
    ['a revision as text', { ...DATA, r: '3' }, 'apr.confirm'],
    ['a negative revision', { ...DATA, r: -3 }, 'apr.confirm'],
    ['half a revision', { ...DATA, r: 3.5 }, 'apr.confirm'],
    ['a huge revision', { ...DATA, r: 1e21 }, 'apr.confirm'],
    ['no digest', { ...DATA, d: undefined }, 'apr.confirm'],
    ['an empty digest', { ...DATA, d: '' }, 'apr.confirm'],
    ['a digest that is too short', { ...DATA, d: '0CzsYl74tig7is-' }, 'apr.confirm'],
    ['a digest that is too long', { ...DATA, d: 'a'.repeat(44) }, 'apr.confirm'],
    ['a reason that is no text', { ...DATA, reason: { $ne: null } }, 'apr.reject'],
  ] as const)
    it(`decides nothing: ${name}`, () => assert.equal(invoke(data, verb).kind, 'odd'))
  it('decides nothing as another action', () => {
    const value = { action: { type: 'Action.Submit', verb: 'apr.confirm', data: DATA } }
    assert.equal(said({ type: 'invoke', name: 'adaptiveCard/action', value }).kind, 'odd')
  })
  it('of another kind is nothing', () =>
    assert.equal(invoke(DATA, 'apr.confirm', { name: 'task/fetch' }).kind, 'nothing'))
  it('never becomes one by accident', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, data) => {
        assert.notEqual(said({ type: 'invoke', name: 'adaptiveCard/action', value }).kind, 'click')
        assert.notEqual(invoke(data).kind, 'click')
      }),
    )
  })
})

describe('a word', () => {
  for (const [text, means] of [
    ['link ABCD-1234', { kind: 'link', code: 'ABCD-1234' }],
    ['  LINK   abcd\n', { kind: 'link', code: 'abcd' }],
    ['link', { kind: 'help' }],
    ['link two words', { kind: 'help' }],
    [`link ${'x'.repeat(65)}`, { kind: 'help' }],
    ['status', { kind: 'status' }],
    ['status quo', { kind: 'help' }],
    ['halt the feed is wrong', { kind: 'halt', reason: 'the feed is wrong' }],
    ['Halt', { kind: 'halt', reason: 'No reason given.' }],
    ['halt a &amp; b &lt;c&gt; &amp;lt;', { kind: 'halt', reason: 'a & b <c> &lt;' }],
    ['<at>Jax Execution</at>&nbsp;halt now', { kind: 'halt', reason: 'now' }],
    ['<at id="0">Jax</at> <at>Jax</at> status', { kind: 'status' }],
    ['halt says <at>Ben</at>', { kind: 'halt', reason: 'says Ben' }],
    ['help', { kind: 'help' }],
    ['hello', { kind: 'help' }],
    ['haltx', { kind: 'help' }],
    ['   ', { kind: 'nothing' }],
    ['<at>Jax</at>', { kind: 'nothing' }],
    [null, { kind: 'nothing' }],
    [7, { kind: 'nothing' }],
  ] as const)
    it(`${JSON.stringify(text)} is ${means.kind}`, () => assert.deepEqual(word(text), means))

  it('in a channel is for us only when it mentions us', () => {
    const conversation = { ...BASE.conversation, conversationType: 'channel' }
    const mention = (of: string) => ({ conversation, entities: [{ type: 'mention', mentioned: { id: of } }] })
    assert.equal(word('status', { conversation }).kind, 'nothing')
    assert.equal(word('<at>Ben</at> status', mention('29:ben')).kind, 'nothing')
    assert.equal(word('<at>Jax</at> status', mention(`28:${APP}`)).kind, 'status')
  })
  it('of many mentions is read no further than people write', () =>
    assert.equal(word(`${'<at>J</at>'.repeat(20_000)} status`).kind, 'nothing'))
})

describe('everything else', () => {
  it('that puts us into a conversation is an installation', () => {
    assert.equal(said({ type: 'installationUpdate', action: 'add' }).kind, 'installed')
    assert.equal(said({ type: 'conversationUpdate', membersAdded: [{ id: `28:${APP}` }] }).kind, 'installed')
  })
  for (const over of [
    { type: 'installationUpdate', action: 'remove' },
    { type: 'conversationUpdate', membersAdded: [{ id: '29:1' }] },
    { type: 'conversationUpdate' },
    { type: 'messageReaction' },
    { type: 'typing' },
    {
      type: 'event',
      name: 'adaptiveCard/action',
      value: { action: { type: 'Action.Execute', verb: 'apr.confirm', data: DATA } },
    },
    { type: '__proto__' },
  ])
    it(`is nothing: ${over.type}`, () => assert.equal(said(over).kind, 'nothing'))
  it('about the person is only what Teams proves', () => {
    assert.equal(read({ type: 'typing' }).user, '0a0a0a0a-0000-4000-8000-00000000000a')
    for (const from of [undefined, {}, { id: '29:1' }, { aadObjectId: 'ana' }, { aadObjectId: ['x'] }])
      assert.equal(read({ type: 'typing', from }).user, null)
  })
  for (const body of ['', 'null', '[]', '7', '{', '{"type":"message"}', '{"type":"a","type":"b"}'])
    it(`that is no activity is refused: ${JSON.stringify(body)}`, () => assert.equal(readActivity(body).ok, false))
})
