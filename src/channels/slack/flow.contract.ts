import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { sha256Hex } from '../../values/hash.ts'
import { ALERT, type Bench, CARD, openBench, until } from './bench.contract.ts'

type Click = { readonly by: Record<string, unknown> } & Record<string, unknown>

/** What people can do in Slack, and what must come of it, whichever way Slack reaches us. */
export function slackFlows(via: 'http' | 'socket'): void {
  describe(`people in Slack, by ${via}`, () => {
    let bench: Bench
    beforeEach(async () => void (bench = await openBench(via)))
    afterEach(() => bench.close())

    const decided = (): readonly Click[] => bench.house.of('decide') as Click[]
    const settled = (ts: string, word: string): Promise<void> => until(() => bench.shows(ts).includes(word), word)

    it('approve, and the card says so', async () => {
      const ts = await bench.post()
      const delivery = await bench.slack.click('U0ANA', ts, 'apr.approve')
      assert.equal(delivery.status, 200)
      assert.equal(delivery.answer, null)
      await settled(ts, 'approved by U0ANA')
      assert.doesNotMatch(bench.shows(ts), /apr\.approve|apr\.reject/)
      const secret =
        delivery.sent.via === 'http' ? delivery.sent.headers['x-slack-signature'] : delivery.sent.envelopeID
      assert.deepEqual(decided(), [
        {
          intentID: CARD.intentID,
          rev: 3,
          digest: CARD.digest.slice(0, 16),
          verdict: 'approve',
          reason: null,
          by: {
            kind: 'channel',
            provider: 'slack',
            tenant: 'T0JAX',
            user: 'U0ANA',
            app: 'A0JAX',
            conversation: 'C0PAPER',
            message: ts,
            transport: via,
            proof: sha256Hex(secret ?? ''),
          },
        },
      ])
      assert.equal(bench.slack.messages().length, 1)
      assert.equal(bench.slack.requests()['response_url'], undefined)
    })

    it('reject, and then say why', async () => {
      const ts = await bench.post()
      await bench.slack.click('U0BEN', ts, 'apr.reject')
      await until(() => bench.slack.views().length === 1, 'the window')
      assert.equal(decided()[0]?.['verdict'], 'decline')
      const [view] = bench.slack.views()
      const refused = await bench.slack.submit('U0BEN', view?.id ?? '', { r: { reason: ' x ' } })
      assert.match(JSON.stringify(refused.answer), /"response_action":"errors".*3 to 500 characters/)
      const taken = await bench.slack.submit('U0BEN', view?.id ?? '', { r: { reason: 'Too\u202e large' } })
      assert.equal(taken.answer, null)
      assert.equal(bench.slack.views().length, 0)
      await settled(ts, 'declined by U0BEN: Too large')
      assert.equal((bench.house.of('addReason') as Click[])[0]?.['reason'], 'Too large')
      assert.equal(decided().length, 1)
    })

    it('say that they saw an alert, and it says so', async () => {
      const shown = await bench.channel.show(ALERT, null)
      const ts = shown.outcome === 'shown' ? shown.place.message : assert.fail(JSON.stringify(shown))
      assert.match(bench.shows(ts), /PAPER · CRITICAL · FROZEN AAPL.*docs\/emergency\.md#e13/)
      const message = bench.slack.messages().find((one) => one.ts === ts)
      assert.doesNotMatch(message?.text ?? '', /<!/)
      await bench.slack.click('U0ANA', ts, 'alt.seen')
      await settled(ts, 'U0ANA saw it')
      assert.doesNotMatch(bench.shows(ts), /alt\.seen/)
      const [asked, ...more] = bench.house.of('acknowledge') as Click[]
      assert.deepEqual([asked?.['taskID'], asked?.by['user'], more.length], [ALERT.taskID, 'U0ANA', 0])
    })

    it('who are nobody here cannot say so, and are told', async () => {
      bench.house.linked.delete('U0BEN')
      const shown = await bench.channel.show(ALERT, null)
      const ts = shown.outcome === 'shown' ? shown.place.message : ''
      await bench.slack.click('U0BEN', ts, 'alt.seen')
      await until(() => bench.told('U0BEN').length === 1, 'the answer')
      assert.match(bench.told('U0BEN')[0] ?? '', /Nobody is linked to you/)
      assert.match(bench.shows(ts), /alt\.seen/)
    })

    it('cannot say it of an alert of another gateway', async () => {
      const shown = await bench.channel.show({ ...ALERT, gateway: 'another012345678' }, null)
      const ts = shown.outcome === 'shown' ? shown.place.message : ''
      await bench.slack.click('U0ANA', ts, 'alt.seen')
      await until(() => bench.told('U0ANA').length === 1, 'the answer')
      assert.deepEqual(bench.house.of('acknowledge'), [])
    })

    it('reject, and lose the window: the no stays', async () => {
      const ts = await bench.post()
      bench.slack.faults.on('views.open', { kind: 'error', error: 'expired_trigger_id' })
      await bench.slack.click('U0ANA', ts, 'apr.reject')
      await settled(ts, 'declined by U0ANA')
      assert.equal(bench.slack.views().length, 0)
      const again = await bench.slack.command('U0ANA', 'status')
      assert.equal(again.status, 200)
      assert.equal(decided().length, 1)
    })

    it('may add no reason to an order that the window does not name', async () => {
      const ts = await bench.post()
      await bench.slack.click('U0ANA', ts, 'apr.reject')
      await until(() => bench.slack.views().length === 1, 'the window')
      const payload = (sent: Readonly<Record<string, unknown>>) => {
        const view = sent['view'] as Record<string, unknown>
        return {
          ...sent,
          view: { ...view, private_metadata: '{"gateway":"g","intent_id":"../x","channel":"C0PAPER","ts":"1.1"}' },
        }
      }
      const texts = { r: { reason: 'something' } }
      const refused = await bench.slack.submit('U0ANA', bench.slack.views()[0]?.id ?? '', texts, { forge: { payload } })
      assert.match(JSON.stringify(refused.answer), /not one of ours/)
      assert.equal(bench.house.of('addReason').length, 0)
    })

    it('who click on a card of another gateway are told so, and decide nothing about the order of that name here', async () => {
      const other = await bench.channel.show({ ...CARD, gateway: 'aNoThEr012345678' }, null)
      assert.ok(other.outcome === 'shown')
      const before = bench.shows(other.place.message)
      for (const button of ['apr.approve', 'apr.reject'])
        assert.equal((await bench.slack.click('U0ANA', other.place.message, button)).status, 200)
      await until(() => bench.told('U0ANA').length === 2, 'two words to Ana')
      for (const told of bench.told('U0ANA'))
        assert.match(told, /^Nothing was decided: this card is of another gateway.* needs an app of its own/)
      assert.deepEqual([bench.house.asked, bench.slack.views()], [[], []])
      assert.deepEqual([bench.house.card, bench.shows(other.place.message)], [CARD, before])
      assert.equal(bench.log.filter((line) => line.includes('"code":"wrong_gateway"')).length, 2)
    })

    for (const [name, change, says] of [
      ['of another gateway', { gateway: 'aNoThEr012345678' }, /reason was not kept: this window is of another gateway/],
      ['of before it named its gateway', { gateway: undefined }, /not one of ours.*look at the page/],
    ] as const)
      it(`who answer in a window ${name} add no reason here`, async () => {
        const ts = await bench.post()
        await bench.slack.click('U0ANA', ts, 'apr.reject')
        await until(() => bench.slack.views().length === 1, 'the window')
        const payload = (sent: Readonly<Record<string, unknown>>) => {
          const view = sent['view'] as { readonly private_metadata: string }
          const metadata = { ...(JSON.parse(view.private_metadata) as object), ...change }
          return { ...sent, view: { ...view, private_metadata: JSON.stringify(metadata) } }
        }
        const texts = { r: { reason: 'something' } }
        const id = bench.slack.views()[0]?.id ?? ''
        const refused = await bench.slack.submit('U0ANA', id, texts, { forge: { payload } })
        assert.match(JSON.stringify(refused.answer), says)
        assert.equal(bench.house.of('addReason').length, 0)
      })

    it('who click on a card of before it named its gateway are sent to the page', async () => {
      const ts = await bench.post()
      const payload = (sent: Readonly<Record<string, unknown>>) => ({
        ...sent,
        actions: (sent['actions'] as object[]).map((action) => ({
          ...action,
          value: 'v1|sig%3A01|3|0CzsYl74tig7is-F',
        })),
      })
      for (const button of ['apr.approve', 'apr.reject'])
        await bench.slack.click('U0ANA', ts, button, { forge: { payload } })
      await until(() => bench.told('U0ANA').length === 2, 'two words to Ana')
      for (const told of bench.told('U0ANA')) assert.match(told, /nothing was decided\. Look at the page/)
      assert.deepEqual(bench.house.asked, [])
    })

    it('click twice, and the second is told what the first came to', async () => {
      const ts = await bench.post()
      const clicks = [bench.slack.click('U0ANA', ts, 'apr.approve'), bench.slack.click('U0BEN', ts, 'apr.reject')]
      for (const { status } of await Promise.all(clicks)) assert.equal(status, 200)
      await until(() => bench.told('U0ANA').length + bench.told('U0BEN').length === 1, 'a word to the slower one')
      assert.match([...bench.told('U0ANA'), ...bench.told('U0BEN')].join(), /It was decided/)
      assert.equal(decided().length, 2)
    })

    it('who are not linked are told how', async () => {
      bench.house.linked.delete('U0BEN')
      const ts = await bench.post()
      await bench.slack.click('U0BEN', ts, 'apr.approve')
      await until(() => bench.told('U0BEN').length === 1, 'a word to Ben')
      assert.match(bench.told('U0BEN')[0] ?? '', /\/jax link CODE/)
      assert.equal(bench.house.card.state, 'waiting')
    })

    for (const [who, user, words] of [
      ['a guest', 'U0GUEST', /Guests of the workspace cannot/],
      ['somebody through Slack Connect', 'U0OTHER', /another workspace/],
      ['a bot', 'U0ROBOT', /Bots cannot/],
      ['somebody deactivated', 'U0GONE', /deactivated/],
      ['a guest of one channel', 'U0SINGLE', /Guests/],
      ['a stranger', 'U0STRANGE', /Guests/],
    ] as const)
      it(`who are ${who} decide nothing`, async () => {
        bench.slack.setUser({ id: 'U0GONE', name: 'Gone', deleted: true })
        bench.slack.setUser({ id: 'U0SINGLE', name: 'Single', is_ultra_restricted: true })
        bench.slack.setUser({ id: 'U0STRANGE', name: 'Strange', is_stranger: true })
        bench.house.linked.add(user)
        const ts = await bench.post()
        await bench.slack.click(user, ts, 'apr.approve')
        await bench.slack.click(user, ts, 'apr.reject')
        await until(() => bench.told(user).length === 2, `two words to ${who}`)
        for (const word of ['link ABCD-1234', 'halt now', 'status']) await bench.slack.command(user, word)
        assert.equal(bench.told(user).length, 5)
        for (const told of bench.told(user)) assert.match(told, words)
        assert.deepEqual(bench.house.asked, [])
      })

    it('who say they are at home, but whom Slack knows elsewhere, decide nothing', async () => {
      const ts = await bench.post()
      await bench.slack.click('U0OTHER', ts, 'apr.approve', { forge: { userTeamID: 'T0JAX' } })
      await until(() => bench.told('U0OTHER').length === 1, 'a word')
      assert.deepEqual(bench.house.asked, [])
    })

    it('who come from elsewhere, but whom Slack knows here, decide nothing', async () => {
      const ts = await bench.post()
      await bench.slack.click('U0ANA', ts, 'apr.reject', { forge: { userTeamID: 'T0ELSE' } })
      await until(() => bench.told('U0ANA').length === 1, 'a word')
      assert.match(bench.told('U0ANA')[0] ?? '', /another workspace/)
      assert.deepEqual(bench.house.asked, [])
    })

    it('approve nothing while Slack cannot say who they are, but can say no and halt', async () => {
      const ts = await bench.post()
      bench.slack.faults.on('users.info', { kind: 'status', status: 500 }, 4)
      await bench.slack.click('U0ANA', ts, 'apr.approve')
      await until(() => bench.told('U0ANA').length === 1, 'a word to Ana')
      assert.match(bench.told('U0ANA')[0] ?? '', /could not tell who you are/)
      const status = await bench.slack.command('U0ANA', 'status')
      assert.match(JSON.stringify(status.answer), /could not tell who you are/)
      assert.deepEqual(bench.house.asked, [])
      await bench.slack.command('U0ANA', 'halt')
      await bench.slack.click('U0ANA', ts, 'apr.reject')
      await settled(ts, 'declined by U0ANA')
      assert.match(String((bench.house.of('halt')[0] as Click)['reason']), /no reason was given/)
    })

    it('are asked for once a minute, not at every click', async () => {
      for (const text of ['status', 'status', 'status']) await bench.slack.command('U0ANA', text)
      assert.equal(bench.slack.requests()['users.info'], 1)
    })

    it('link themselves, with a look at who they are', async () => {
      bench.house.linked.delete('U0ANA')
      await bench.slack.command('U0ANA', 'status')
      const before = bench.slack.requests()['users.info'] ?? 0
      const linked = await bench.slack.command('U0ANA', ' link  ABCD-1234 ')
      assert.equal(bench.slack.requests()['users.info'], before + 1)
      assert.deepEqual(linked.answer, {
        response_type: 'ephemeral',
        text: 'You are linked to &lt;Ana&gt; &amp; co.',
        blocks: [
          { type: 'section', text: { type: 'plain_text', text: 'You are linked to <Ana> & co.', emoji: false } },
        ],
      })
      const [ask] = bench.house.of('link') as Click[]
      assert.equal(ask?.['code'], 'ABCD-1234')
      assert.equal(ask?.by['conversation'], 'C0PAPER')
      const wrong = await bench.slack.command('U0ANA', 'link <!channel> x')
      assert.match(JSON.stringify(wrong.answer), /link CODE/)
      assert.equal(bench.house.of('link').length, 1)
      assert.doesNotMatch(bench.log.join('\n'), /ABCD/)
    })

    it('halt, ask and get help', async () => {
      const halted = await bench.slack.command('U0ANA', 'halt the <!channel> is odd')
      assert.match(JSON.stringify(halted.answer), /Trading is halted/)
      assert.equal((bench.house.of('halt')[0] as Click)['reason'], 'the <!channel> is odd')
      const status = await bench.slack.command('U0ANA', 'STATUS')
      assert.match(JSON.stringify(status.answer), /Trading goes on\.\\n1 order waits/)
      assert.deepEqual(bench.house.of('status'), [{ provider: 'slack', tenant: 'T0JAX', user: 'U0ANA' }])
      for (const text of ['', 'help', 'approve everything <!here>']) {
        const help = await bench.slack.command('U0ANA', text, { command: '/trade' })
        assert.match(JSON.stringify(help.answer), /\/trade link CODE/)
        assert.doesNotMatch(String(help.answer?.['text']), /</)
      }
    })

    it('who only follow the link decide nothing', async () => {
      const ts = await bench.post()
      assert.equal((await bench.slack.click('U0ANA', ts, 'apr.open')).status, 200)
      await bench.slack.command('U0ANA', 'help')
      assert.equal(bench.told('U0ANA').length, 1)
      assert.deepEqual(bench.house.asked, [])
    })

    it('whose button says something else decide nothing', async () => {
      const ts = await bench.post()
      for (const change of [
        { value: 'v2|gAtEwAy0123456_-|sig%3A01|3|short' },
        { value: undefined },
        { action_id: 'apr.everything' },
      ]) {
        const payload = (sent: Readonly<Record<string, unknown>>) => ({
          ...sent,
          actions: (sent['actions'] as object[]).map((action) => ({ ...action, ...change })),
        })
        assert.equal((await bench.slack.click('U0ANA', ts, 'apr.approve', { forge: { payload } })).status, 200)
      }
      await until(() => bench.told('U0ANA').length === 3, 'three words to Ana')
      assert.deepEqual(bench.house.asked, [])
    })

    for (const [name, forge, code] of [
      ['another app', { appID: 'A0OTHER' }, 'wrong_app'],
      ['another workspace', { teamID: 'T0OTHER' }, 'wrong_workspace'],
      ['an organisation that is not ours', { enterpriseID: 'E0OTHER' }, 'wrong_workspace'],
    ] as const)
      it(`of ${name} are not heard`, async () => {
        const ts = await bench.post()
        const delivery = await bench.slack.click('U0ANA', ts, 'apr.approve', { forge })
        assert.equal(delivery.status, via === 'http' ? 403 : 200)
        await bench.slack.command('U0ANA', 'halt', { forge })
        assert.equal(bench.log.filter((line) => line.includes(`"code":"${code}"`)).length, 2)
        assert.deepEqual(bench.house.asked, [])
        assert.equal(bench.seen.size, 0)
      })

    it('are told that it is not known when the house fails, and nothing is decided twice', async () => {
      const ts = await bench.post()
      bench.house.down = true
      const delivery = await bench.slack.click('U0ANA', ts, 'apr.approve')
      assert.equal(delivery.status, via === 'http' ? 503 : 200)
      if (via === 'socket') await until(() => bench.told('U0ANA').length === 1, 'a word to Ana')
      assert.deepEqual(bench.house.asked, [])
      bench.house.down = false
      await bench.slack.again(delivery.sent)
      await settled(ts, 'approved')
    })

    it('get the answer afterwards when the house is slow', async () => {
      bench.house.slowMs = 2800
      const status = await bench.slack.command('U0ANA', 'status')
      assert.match(JSON.stringify(status.answer), /takes longer/)
      await until(() => bench.told('U0ANA').some((text) => text.includes('1 order waits')), 'the answer')
    })

    it('play a request again in vain', async () => {
      const ts = await bench.post()
      const { sent } = await bench.slack.click('U0ANA', ts, 'apr.approve')
      await settled(ts, 'approved')
      bench.house.card = CARD
      for (const _ of [1, 2]) {
        const again = await bench.slack.again(sent)
        assert.equal(again.status, 200)
        assert.equal(again.answer, null)
      }
      assert.equal(decided().length, 1)
      assert.equal(bench.house.card.state, 'waiting')
      const [[key, at] = ['', 0]] = bench.seen
      assert.match(key, /^slack:[0-9a-f]{64}$/)
      assert.ok(Math.abs(at / 1000 - Date.now() - 15 * 60_000) < 60_000)
    })

    it('find nothing secret in the log', async () => {
      const ts = await bench.post()
      const forge = { appID: 'A0OTHER' }
      await bench.slack.click('U0ANA', ts, 'apr.approve', { forge })
      await bench.slack.click('U0ANA', ts, 'apr.approve')
      bench.slack.faults.on('chat.update', { kind: 'drop' })
      await bench.channel.show(bench.house.card, { conversation: 'C0PAPER', message: ts })
      const log = bench.log.join('\n')
      const { appToken, botToken, signingSecret } = bench.slack.credentials
      for (const secret of [appToken, botToken, signingSecret, 'ticket-']) assert.ok(!log.includes(secret), secret)
    })
  })
}
