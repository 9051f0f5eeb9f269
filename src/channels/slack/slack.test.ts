import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Place } from '../../ports/channel.ts'
import { Fault } from '../../values/fault.ts'
import { type Bench, CARD, CLOCK, memoryHouse, openBench, until } from './bench.contract.ts'
import { slackFlows } from './flow.contract.ts'
import { openSlack } from './slack.ts'

slackFlows('http')
slackFlows('socket')

describe('cards in Slack', () => {
  let bench: Bench
  beforeEach(async () => void (bench = await openBench('http')))
  afterEach(() => bench.close())
  const placeOf = (message: string): Place => ({ conversation: 'C0PAPER', message })

  it('are posted once, and put right where they stand', async () => {
    const ts = await bench.post()
    const shown = await bench.channel.show(
      { ...CARD, state: 'expired', stateText: 'Nobody said anything.' },
      placeOf(ts),
    )
    assert.deepEqual(shown, { outcome: 'shown', place: placeOf(ts) })
    assert.equal(bench.slack.messages().length, 1)
    assert.match(bench.shows(ts), /Nobody said anything/)
    assert.equal(bench.channel.trouble(), null)
  })

  for (const [name, fault, outcome] of [
    ['is down', { kind: 'status', status: 500 }, { outcome: 'later', afterMs: null }],
    ['hangs up', { kind: 'drop' }, { outcome: 'later', afterMs: null }],
    ['wants a pause', { kind: 'ratelimited', retryAfterS: 7 }, { outcome: 'later', afterMs: 7000 }],
    ['wants a pause of no length', { kind: 'ratelimited', retryAfterS: null }, { outcome: 'later', afterMs: null }],
    ['answers nonsense', { kind: 'garbage' }, { outcome: 'later', afterMs: null }],
    ['has a fault of its own', { kind: 'error', error: 'fatal_error' }, { outcome: 'later', afterMs: null }],
    ['says something new', { kind: 'error', error: 'moon_phase' }, { outcome: 'later', afterMs: null }],
    ['does not know the token', { kind: 'error', error: 'invalid_auth' }, { outcome: 'never' }],
    ['does not find the channel', { kind: 'error', error: 'channel_not_found' }, { outcome: 'never' }],
    ['wants the app invited', { kind: 'error', error: 'not_in_channel' }, { outcome: 'never' }],
    ['does not take the card', { kind: 'error', error: 'invalid_blocks' }, { outcome: 'never' }],
  ] as const)
    it(`wait or give up as it must be when Slack ${name}`, async () => {
      const place = placeOf(await bench.post())
      for (const [method, at] of [
        ['chat.postMessage', null],
        ['chat.update', place],
      ] as const) {
        const before = bench.slack.requests()[method] ?? 0
        bench.slack.faults.on(method, fault)
        const shown = await bench.channel.show(CARD, at)
        assert.ok(shown.outcome !== 'shown')
        const { text, ...rest } = shown
        assert.deepEqual(rest, outcome)
        assert.match(text, /Slack|app|channel/)
        assert.equal(bench.channel.trouble(), text)
        assert.equal(bench.slack.requests()[method], before + 1, 'one attempt')
      }
      assert.equal((await bench.channel.show(CARD, null)).outcome, 'shown')
      assert.equal(bench.channel.trouble(), null)
    })

  it('whose answer is lost are shown again, and either decides the one order', async () => {
    bench.slack.faults.on('chat.postMessage', { kind: 'drop', after: true })
    assert.equal((await bench.channel.show(CARD, null)).outcome, 'later')
    const second = await bench.post()
    const [first] = bench.slack.messages()
    assert.equal(bench.slack.messages().length, 2)
    await bench.slack.click('U0ANA', first?.ts ?? '', 'apr.approve')
    await until(() => bench.shows(first?.ts ?? '').includes('approved'), 'the first card')
    await bench.slack.click('U0BEN', second, 'apr.approve')
    await until(() => bench.shows(second).includes('approved by U0ANA'), 'the second card')
    assert.equal(bench.house.card.stateText, 'approved by U0ANA')
  })

  it('that somebody deleted are posted anew', async () => {
    const ts = await bench.post()
    assert.ok(bench.slack.remove(ts))
    const shown = await bench.channel.show({ ...CARD, state: 'sent', stateText: 'Sent.' }, placeOf(ts))
    assert.ok(shown.outcome === 'shown' && shown.place.message !== ts)
    assert.match(bench.shows(shown.place.message), /Sent\./)
    bench.slack.remove(shown.place.message)
    bench.slack.faults.on('chat.postMessage', { kind: 'status', status: 503 })
    assert.equal((await bench.channel.show(CARD, shown.place)).outcome, 'later')
  })

  it('end as what was shown last, however slow what came before', async () => {
    const ts = await bench.post()
    bench.slack.faults.on('chat.update', { kind: 'slow', ms: 150 })
    bench.slack.faults.on('chat.update', { kind: 'slow', ms: 50 })
    const states = ['approved', 'sent', 'ended'] as const
    await Promise.all(
      states.map((state) => bench.channel.show({ ...CARD, state, stateText: `now ${state}` }, placeOf(ts))),
    )
    assert.match(bench.shows(ts), /now ended/)
  })

  it('show the order as it is by then, not as it was when it was clicked', async () => {
    const ts = await bench.post()
    bench.slack.faults.on('views.open', { kind: 'slow', ms: 200 })
    const click = bench.slack.click('U0ANA', ts, 'apr.reject')
    await until(() => bench.house.card.state === 'declined', 'the no')
    bench.house.card = { ...bench.house.card, state: 'ended', stateText: 'Ended since.' }
    await click
    await until(() => bench.shows(ts).includes('"state"'), 'the card')
    assert.match(bench.shows(ts), /Ended since/)
  })

  it('are not posted with the token of another workspace', async () => {
    await bench.close()
    bench = await openBench('http', {
      settings: { workspace: { teamID: 'T0ELSE', enterpriseID: null, appID: 'A0JAX' } },
    })
    const shown = await bench.channel.show(CARD, null)
    assert.equal(shown.outcome, 'never')
    assert.match(bench.channel.trouble() ?? '', /another Slack workspace/)
    assert.equal(bench.slack.messages().length, 0)
  })

  it('wait no longer than five seconds for Slack', async () => {
    bench.slack.faults.on('chat.postMessage', { kind: 'hang' })
    const begun = performance.now()
    assert.equal((await bench.channel.show(CARD, null)).outcome, 'later')
    assert.ok(performance.now() - begun < 7000)
  })
})

describe('requests over HTTP', () => {
  let bench: Bench
  beforeEach(async () => void (bench = await openBench('http')))
  afterEach(() => bench.close())

  const year = 31_536_000
  for (const [name, forge, status] of [
    ['a wrong signature', { secret: 'f'.repeat(32) }, 401],
    ['no signature', { headers: { 'x-slack-signature': null } }, 401],
    ['no time', { headers: { 'x-slack-request-timestamp': null } }, 401],
    ['a time that is no number', { signedAt: 'now' }, 401],
    ['an old time', { signedAt: -310 }, 401],
    ['a time next year', { signedAt: year }, 401],
    ['a body changed on its way', { tampered: (body: string) => body.replace('U0ANA', 'U0BEN') }, 401],
    ['a body that is too long', { body: (body: string) => `${body}&x=${'x'.repeat(256 * 1024)}` }, 413],
    ['another content type', { headers: { 'content-type': 'application/json' } }, 415],
    ['a second payload', { body: (body: string) => `${body}&payload=%7B%7D` }, 400],
    ['a payload of another kind', { payload: (sent: object) => ({ ...sent, type: 'message_action' }) }, 400],
  ] as const)
    it(`with ${name} are refused and change nothing`, async () => {
      const ts = await bench.post()
      const delivery = await bench.slack.click('U0ANA', ts, 'apr.approve', { forge })
      assert.equal(delivery.status, status)
      assert.equal(typeof delivery.answer?.['text'], 'string')
      assert.deepEqual(bench.house.asked, [])
      assert.equal(bench.seen.size, 0)
    })

  it('with a charset, or signed a little ahead, are heard', async () => {
    const ts = await bench.post()
    const forge = { signedAt: 200, headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' } }
    assert.equal((await bench.slack.click('U0ANA', ts, 'apr.approve', { forge })).status, 200)
    assert.equal(bench.house.of('decide').length, 1)
  })

  it('are heard with either secret while one is being replaced', async () => {
    await bench.close()
    bench = await openBench('http', {
      settings: { signingSecrets: ['old-secret-0123456789', 'new-secret-0123456789'] },
    })
    for (const secret of ['old-secret-0123456789', 'new-secret-0123456789'])
      assert.equal((await bench.slack.command('U0ANA', 'status', { forge: { secret } })).status, 200)
    assert.equal((await bench.slack.command('U0ANA', 'status')).status, 401)
  })

  it('of our organisation are heard in its name', async () => {
    await bench.close()
    bench = await openBench('http', { slack: { identity: { enterpriseID: 'E0JAX' } } })
    const ts = await bench.post()
    assert.equal((await bench.slack.click('U0ANA', ts, 'apr.approve')).status, 200)
    const [click] = bench.house.of('decide') as { by: { tenant: string } }[]
    assert.equal(click?.by.tenant, 'E0JAX')
    assert.equal((await bench.slack.click('U0ANA', ts, 'apr.approve', { forge: { enterpriseID: null } })).status, 403)
  })

  it('have no address when there is no signing secret', async () => {
    await bench.close()
    bench = await openBench('socket', { settings: { signingSecrets: [] } })
    assert.deepEqual(bench.channel.routes, [])
  })
})

describe('the socket', () => {
  let bench: Bench
  beforeEach(async () => void (bench = await openBench('socket')))
  afterEach(() => bench.close())
  const linked = (times: number): Promise<void> =>
    until(() => bench.slack.link.links().ever >= times && bench.slack.link.links().up === 1, `link ${times}`)

  it('hears an envelope once, however often it comes', async () => {
    await bench.close()
    bench = await openBench('socket', { slack: { ackMs: 250 } })
    const ts = await bench.post()
    bench.slack.link.whims.losingAcks = 2
    const delivery = await bench.slack.click('U0ANA', ts, 'apr.approve')
    assert.equal(delivery.status, 200)
    await until(() => bench.shows(ts).includes('approved'), 'the card')
    assert.equal(bench.slack.link.whims.losingAcks, 0)
    assert.equal(bench.house.of('decide').length, 1)
  })

  it('is opened again when Slack asks for it, and when it breaks', async () => {
    const ts = await bench.post()
    bench.slack.link.refresh()
    await linked(2)
    bench.slack.link.cut()
    await until(() => bench.channel.trouble() !== null, 'the trouble')
    assert.match(bench.channel.trouble() ?? '', /opened again by itself/)
    await linked(3)
    await until(() => bench.channel.trouble() === null, 'peace')
    assert.equal((await bench.slack.click('U0ANA', ts, 'apr.approve')).status, 200)
    await until(() => bench.shows(ts).includes('approved'), 'the card')
  })

  it('is opened again after Slack gave no address, or one that is not its own', async () => {
    bench.slack.faults.on('apps.connections.open', { kind: 'status', status: 500 })
    bench.slack.faults.on('apps.connections.open', { kind: 'error', error: 'internal_error' })
    bench.slack.link.cut()
    await linked(2)
    assert.ok((bench.slack.requests()['apps.connections.open'] ?? 0) >= 4)
  })

  it("goes to no address but Slack's own", async () => {
    const open = bench.slack.requests()['apps.connections.open'] ?? 0
    bench.slack.link.whims.address = bench.slack.url.replace('http://127.0.0.1', 'ws://[::1]')
    bench.slack.link.cut()
    await until(() => /not its own/.test(bench.channel.trouble() ?? ''), 'the trouble')
    bench.slack.link.whims.address = null
    await linked(2)
    assert.ok((bench.slack.requests()['apps.connections.open'] ?? 0) >= open + 2)
  })

  it('tries on while Slack refuses the token, and says so; a stop ends it', async () => {
    await bench.close()
    bench = await openBench('socket', { settings: { appToken: 'xapp-wrong' } })
    assert.match(bench.channel.trouble() ?? '', /Slack says invalid_auth/)
    assert.equal(bench.slack.link.links().ever, 0)
  })

  it('acknowledges what is none of its business', async () => {
    const ts = await bench.post()
    const forge = { payload: () => ({ type: 'shortcut' }) }
    assert.equal((await bench.slack.click('U0ANA', ts, 'apr.approve', { forge })).status, 200)
    assert.deepEqual(bench.house.asked, [])
  })
})

it('a channel with settings that lead elsewhere does not open', () => {
  const settings = {
    botToken: 'xoxb-1',
    signingSecrets: ['0123456789abcdef'],
    appToken: null,
    channelID: 'C0PAPER',
    workspace: { teamID: 'T0JAX', enterpriseID: null, appID: 'A0JAX' },
    apiUrl: 'http://127.0.0.1:9/api/',
  }
  const deps = { house: memoryHouse().house, clock: CLOCK, random: () => 0, log: () => {} }
  assert.throws(
    () => openSlack(settings, deps),
    (error) =>
      error instanceof Fault && error.code === 'SLACK_SETTINGS' && /must be https on slack\.com/.test(error.message),
  )
})
