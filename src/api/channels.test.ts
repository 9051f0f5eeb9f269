import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Inbound } from '../ports/channel.ts'
import { type House, openHouse } from './house.contract.ts'

describe('what channels listen on', () => {
  let house: House
  const heard: Inbound[] = []
  before(async () => {
    house = await openHouse({
      channels: [
        {
          path: 'slack/interactive',
          handle: async (request) => {
            heard.push(request)
            return { status: 200, type: 'application/json', body: '{"ok":true}' }
          },
        },
        { path: 'teams/messages', handle: () => Promise.reject(new Error('the bot token is xoxb-1')) },
        { path: 'refuses', handle: async () => ({ status: 401, type: 'application/json', body: '{}' }) },
        {
          path: 'odd',
          handle: () => {
            throw new Error('at once')
          },
        },
      ],
    })
  })
  after(() => house.close())
  const post = (path: string, payload: string | Buffer, headers: Record<string, string> = {}) =>
    house.app.inject({
      method: 'POST',
      url: `/channels/${path}`,
      payload,
      headers: { host: 'localhost:4810', ...headers },
    })

  it('hears the bytes as they came, whatever they call themselves, without a session', async () => {
    const bytes = Buffer.from([0x70, 0x3d, 0xff, 0x00, 0x0d, 0x0a])
    for (const type of [
      'application/x-www-form-urlencoded',
      'application/json; charset=utf-8',
      'application/json',
      'text/plain',
    ])
      assert.equal(
        (await post('slack/interactive', bytes, { 'content-type': type, 'x-slack-signature': 'v0=ab' })).statusCode,
        200,
        type,
      )
    assert.equal((await post('slack/interactive', bytes)).statusCode, 200, 'without a type')
    assert.equal(heard.length, 5)
    for (const { body, headers, at } of heard) {
      assert.deepEqual(Buffer.from(body), bytes)
      assert.equal(at, house.now())
      assert.ok(headers['host'])
    }
    assert.equal(heard[0]?.headers['x-slack-signature'], 'v0=ab')
  })

  it('answers as the channel says, never cached, with the headers of every answer', async () => {
    const { statusCode, headers, body } = await post('slack/interactive', 'x')
    assert.deepEqual([statusCode, body], [200, '{"ok":true}'])
    assert.equal(headers['content-type'], 'application/json; charset=utf-8')
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.ok(headers['content-security-policy'])
  })

  it('takes 256 KiB and no more, and an empty body', async () => {
    assert.equal((await post('slack/interactive', Buffer.alloc(256 * 1024))).statusCode, 200)
    const over = await post('slack/interactive', Buffer.alloc(256 * 1024 + 1))
    assert.deepEqual([over.statusCode, over.body], [413, ''])
    heard.length = 0
    assert.equal((await post('slack/interactive', '')).statusCode, 200)
    assert.equal(heard[0]?.body.length, 0)
  })

  it('a channel that fails answers without words, and the log has them', async () => {
    for (const path of ['teams/messages', 'odd']) {
      const { statusCode, body, headers } = await post(path, 'x')
      assert.deepEqual([statusCode, body], [500, ''])
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.ok(house.logged.some(({ level, fields }) => level === 'error' && JSON.stringify(fields).includes(path)))
    }
  })

  it('has one line in the log for each request, and few for many of strangers', async () => {
    const isAt = ({ fields }: House['logged'][number], path: string) => JSON.stringify(fields).includes(path)
    const linesOf = async (path: string, payload: string | Buffer, times = 1) => {
      house.logged.length = 0
      for (let i = 0; i < times; i++) await post(path, payload)
      return house.logged.filter((line) => isAt(line, path)).map(({ level, text }) => [level, text])
    }
    assert.deepEqual(await linesOf('slack/interactive', 'x'), [['info', 'answered']])
    assert.deepEqual(await linesOf('refuses', 'x'), [], 'it says itself why')
    assert.deepEqual(await linesOf('teams/messages', 'x'), [['error', 'a channel failed']])
    const over = await linesOf('slack/interactive', Buffer.alloc(256 * 1024 + 1), 40)
    assert.ok(over.length > 0 && over.length <= 11, `${over.length} lines`)
    for (const line of over) assert.deepEqual(line, ['warn', 'a request to a channel could not be read'])
  })

  it('listens nowhere else, to no other method and by no other name', async () => {
    assert.equal((await post('slack/commands', 'x')).statusCode, 404)
    const get = await house.app.inject({ url: '/channels/slack/interactive', headers: { host: 'localhost:4810' } })
    assert.equal(get.statusCode, 404)
    assert.equal((await post('slack/interactive', 'x', { host: 'evil.example' })).statusCode, 421)
    assert.equal((await post('slack/interactive', 'x', { origin: 'http://evil.example' })).statusCode, 403)
  })

  it('leaves the bodies of the API as they were', async () => {
    const { statusCode } = await house.ask({
      method: 'POST',
      url: '/v1/session',
      body: 'a=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    assert.equal(statusCode, 415)
    assert.equal(
      (await house.ask({ method: 'POST', url: '/v1/session', body: { code: 'x'.repeat(70_000), name: 'A' } }))
        .statusCode,
      413,
    )
  })
})
