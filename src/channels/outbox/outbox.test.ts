import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plusMs } from '../../values/instant.ts'
import { type Bench, bench, cardOf, FakeChannel, id, quiet, settle } from './bench.contract.ts'
import type { Outbox } from './outbox.ts'
import { contentOf } from './posted.ts'

const HOUR_MS = 3_600_000

describe('an outbox', () => {
  it('posts a card once in every channel, and puts it right where it stands', async () => {
    const { boot, book, channels, clock } = bench([new FakeChannel('slack'), new FakeChannel('teams')])
    book.write(cardOf('I1'))
    const outbox = boot()
    assert.equal(await outbox.step(), null)
    await settle(outbox, clock)
    book.write(cardOf('I1', 'approved'))
    await settle(outbox, clock)
    await settle(outbox, clock)
    for (const channel of channels) {
      assert.deepEqual(channel.asked('I1'), ['post waiting', 'edit approved'])
      assert.deepEqual(channel.seen('I1'), ['approved'])
    }
    assert.deepEqual(outbox.troubles(), [])
  })

  it('keeps the row until the end was shown', async () => {
    const { boot, book, channels, clock } = bench()
    const outbox = boot()
    for (const state of ['waiting', 'approved', 'sent'] as const) {
      book.write(cardOf('I1', state))
      await settle(outbox, clock)
      assert.equal(book.row('slack', 'I1')?.shown, contentOf(cardOf('I1', state)))
    }
    book.write(cardOf('I1', 'ended'))
    await settle(outbox, clock)
    assert.equal(book.rows.size, 0)
    assert.deepEqual(channels[0].seen('I1'), ['ended'])
  })

  it('shows the card as it is when its turn comes, not as it was when it was queued', async () => {
    const { boot, book, channels } = bench()
    const [slack] = channels
    book.write(...Array.from({ length: 6 }, (_, i) => cardOf(`I${i}`)))
    slack.fate = () => {
      book.write(cardOf('I5', 'waiting', { rev: 2 }))
      return 'works'
    }
    await boot().step()
    assert.equal([...slack.messages.values()].find((card) => card.intentID === 'I5')?.rev, 2)
  })

  it('tells nobody that an order is over who was never asked about it', async () => {
    const { boot, book, channels, clock } = bench()
    book.write(cardOf('I1', 'expired'), cardOf('I2', 'sent'))
    await settle(boot(), clock)
    assert.deepEqual(channels[0].calls, [])
  })

  it('posts a new card for an order that waits again after its end was shown', async () => {
    const { boot, book, channels, clock } = bench()
    const outbox = boot()
    for (const state of ['waiting', 'expired', 'waiting'] as const) {
      book.write(cardOf('I1', state))
      await settle(outbox, clock)
    }
    assert.deepEqual(channels[0].seen('I1'), ['expired', 'waiting'])
  })

  it('lets go of a card whose order is unknown, and says so', async () => {
    const { boot, book, clock, logs } = bench()
    const outbox = boot()
    book.write(cardOf('I1'))
    await settle(outbox, clock)
    book.cards.clear()
    await settle(outbox, clock)
    assert.equal(book.rows.size, 0)
    assert.match(logs.join('\n'), /^warn a card stands in a channel for an order that is unknown/m)
  })

  it('has few calls in flight, and one per card', async () => {
    const { boot, book, channels, clock } = bench()
    book.write(...Array.from({ length: 30 }, (_, i) => cardOf(`I${i}`)))
    await settle(boot(), clock)
    assert.equal(channels[0].mostInFlight, 4)
    assert.equal(channels[0].messages.size, 30)
    assert.equal(channels[0].calls.length, 30)
  })
})

describe('the end of an order', () => {
  it('is shown exactly once after the channel was down for an hour', async () => {
    const { boot, book, channels, clock, logs } = bench()
    const [slack] = channels
    const outbox = boot()
    book.write(cardOf('I1'), cardOf('I2'), cardOf('I3'))
    await settle(outbox, clock)
    slack.fate = () => 'later'
    book.write(cardOf('I1', 'expired'), cardOf('I2', 'waiting', { rev: 2 }), cardOf('I3', 'declined'))
    const until = plusMs(clock.now(), HOUR_MS)
    while (clock.now() < until) {
      await outbox.step()
      await clock.pass(5_000)
    }
    const tries = slack.calls.filter(({ intentID, place }) => intentID === 'I1' && place !== null).length
    assert.ok(tries > 10 && tries < 60, `${tries} tries in an hour`)
    assert.deepEqual(outbox.troubles(), [{ channel: 'slack', text: '3 cards do not show what is so: slack is down' }])
    assert.equal(logs.filter((line) => line.startsWith('warn')).length, 3, logs.join('\n'))

    slack.fate = () => 'works'
    slack.calls.length = 0
    await settle(outbox, clock)
    await settle(outbox, clock)
    assert.deepEqual(slack.asked('I1'), ['edit expired'])
    assert.deepEqual(slack.asked('I2'), ['edit waiting'])
    assert.deepEqual(slack.asked('I3'), ['edit declined'])
    assert.deepEqual([...book.rows.keys()], ['slack I2'])
    assert.deepEqual(outbox.troubles(), [])
  })

  it('is shown exactly once when the process was restarted while the channel was down', async () => {
    const { boot, book, channels, clock } = bench()
    const [slack] = channels
    book.write(cardOf('I1'))
    await settle(boot(), clock)
    slack.fate = () => 'later'
    book.write(cardOf('I1', 'expired'))
    for (let life = 0; life < 5; life++) {
      await boot().step()
      await clock.pass(60_000)
    }
    slack.fate = () => 'works'
    await settle(boot(), clock)
    await settle(boot(), clock)
    assert.deepEqual(slack.seen('I1'), ['expired'])
    assert.equal(slack.asked('I1').filter((call) => call.startsWith('post')).length, 1)
  })

  it('is posted when the post before it got lost: somebody may be looking at its buttons', async () => {
    const { boot, book, channels, clock } = bench()
    const [slack] = channels
    slack.fate = () => 'lost'
    book.write(cardOf('I1'))
    const outbox = boot()
    await outbox.step()
    book.write(cardOf('I1', 'expired'))
    slack.fate = () => 'works'
    await settle(outbox, clock)
    assert.deepEqual(slack.seen('I1'), ['waiting', 'expired'])
  })
})

describe('a restart', () => {
  it('posts nothing twice when the place is known', async () => {
    const { boot, book, channels, clock } = bench()
    book.write(cardOf('I1'), cardOf('I2'))
    await settle(boot(), clock)
    await settle(boot(), clock)
    book.write(cardOf('I2', 'waiting', { rev: 2 }))
    await settle(boot(), clock)
    assert.deepEqual(channels[0].asked('I1'), ['post waiting'])
    assert.deepEqual(channels[0].asked('I2'), ['post waiting', 'edit waiting'])
  })

  for (const state of ['waiting', 'expired'] as const)
    it(`between a post and its record shows a card that is ${state} by then, and loses none`, async () => {
      const { boot, book, channels, clock } = bench()
      const [slack] = channels
      book.write(cardOf('I1'))
      book.fault = (what) => {
        if (what !== 'put slack I1 posted') return
        book.fault = () => {}
        boot()
        throw new Error('killed')
      }
      void boot().step()
      await quiet()
      assert.deepEqual(slack.seen('I1'), ['waiting'])
      assert.equal(book.row('slack', 'I1')?.place, null)
      book.write(cardOf('I1', state))
      await settle(boot(), clock)
      assert.deepEqual(slack.seen('I1'), ['waiting', state])
      assert.equal(book.row('slack', 'I1')?.place?.message, state === 'waiting' ? 'm2' : undefined)
    })
})

describe('trouble of one card', () => {
  it('is retried later and later, and not before the channel wants', async () => {
    const { boot, book, channels, clock } = bench()
    const [slack] = channels
    book.write(cardOf('I1'))
    const outbox = boot()
    const waits: number[] = []
    for (let n = 0; n < 11; n++) {
      slack.fate = () => (n === 3 ? { afterMs: 45_000 } : 'later')
      const due = (await outbox.step()) ?? assert.fail('nothing is due')
      const ms = (due - clock.now()) / 1_000
      waits.push(ms)
      await clock.pass(ms - 1)
      const calls = slack.calls.length
      await outbox.step()
      assert.equal(slack.calls.length, calls, 'it was asked before its time')
      await clock.pass(1)
    }
    const steps = [999, 1_998, 3_996, 45_000, 15_984, 31_968, 63_936, 127_872, 255_744, 299_700, 299_700]
    assert.deepEqual(waits, steps)
  })

  it('delays no other card', async () => {
    const { boot, book, channels, clock, wake } = bench()
    const [slack] = channels
    const outbox = boot()
    const bad = ['B1', 'B2', 'B3', 'B4', 'B5', 'B6']
    slack.fate = (card) => (card.intentID.startsWith('B') ? 'later' : 'works')
    book.write(...bad.map((name) => cardOf(name)))
    await outbox.step()
    await clock.pass(1_000)
    slack.fate = (card) => (card.intentID.startsWith('B') ? 'dead' : 'works')
    // They hang from here on, and one hand stays free for what is new.
    const stop = new AbortController()
    const running = outbox.run(stop.signal)
    await clock.pass(200)
    assert.equal(slack.inFlight, 3)
    book.write(cardOf('G1'))
    wake()
    await clock.pass(200)
    book.write(cardOf('G1', 'expired'))
    wake()
    await clock.pass(200)
    assert.deepEqual(slack.seen('G1'), ['expired'])
    stop.abort()
    await clock.pass(30_000)
    await running
  })

  it('which never ends is told once and given up, until the card changes', async () => {
    const { boot, book, channels, clock, logs } = bench()
    const [slack] = channels
    slack.fate = () => 'never'
    book.write(cardOf('I1'), cardOf('I2', 'waiting'))
    const outbox = boot()
    for (let n = 0; n < 4; n++) await settle(outbox, clock)
    assert.equal(slack.calls.length, 2)
    assert.equal(logs.filter((line) => line.startsWith('error a card cannot be shown')).length, 2)
    assert.match(outbox.troubles()[0]?.text ?? '', /^2 cards do not show what is so: channel_not_found$/)

    slack.fate = () => 'works'
    book.write(cardOf('I1', 'waiting', { rev: 2 }))
    await settle(outbox, clock)
    assert.deepEqual(slack.asked('I1'), ['post waiting', 'post waiting'])
    assert.match(outbox.troubles()[0]?.text ?? '', /^one card does not show what is so: channel_not_found$/)

    book.write(cardOf('I2', 'withdrawn'))
    await settle(outbox, clock)
    assert.deepEqual([slack.seen('I1'), slack.seen('I2')], [['waiting'], ['withdrawn']])
    assert.deepEqual(outbox.troubles(), [])
  })

  it('which never ends is no row once the order is over, and is told until the channel works', async () => {
    const { boot, book, channels, clock } = bench()
    const [slack] = channels
    const outbox = boot()
    book.write(cardOf('I1'))
    await settle(outbox, clock)
    slack.fate = () => 'never'
    book.write(cardOf('I1', 'expired'))
    await settle(outbox, clock)
    assert.equal(book.rows.size, 0)
    assert.equal(outbox.troubles().length, 1)
    slack.fate = () => 'works'
    book.write(cardOf('I2'))
    await settle(outbox, clock)
    assert.deepEqual(outbox.troubles(), [])
  })

  it('is tried once more by the next process, which may have another configuration', async () => {
    const { boot, book, channels, clock } = bench()
    const [slack] = channels
    slack.fate = () => 'never'
    book.write(cardOf('I1'))
    await settle(boot(), clock)
    slack.fate = () => 'works'
    await settle(boot(), clock)
    assert.deepEqual(slack.seen('I1'), ['waiting'])
  })

  it('may be a fault of the adapter, which is no fault of ours', async () => {
    const { boot, book, channels, clock } = bench()
    const [slack] = channels
    slack.fate = () => 'throws'
    book.write(cardOf('I1'))
    const outbox = boot()
    await outbox.step()
    assert.match(outbox.troubles()[0]?.text ?? '', /socket hang up/)
    slack.fate = () => 'works'
    await settle(outbox, clock)
    assert.deepEqual(slack.seen('I1'), ['waiting'])
  })
})

describe('a call without an answer', () => {
  /** One post that hangs until it was given up. */
  async function hung(): Promise<Bench & { readonly outbox: Outbox }> {
    const b = bench()
    b.channels[0].fate = () => 'hang'
    b.book.write(cardOf('I1'))
    const outbox = b.boot()
    const stepping = outbox.step()
    await b.clock.pass(30_000)
    assert.equal(await stepping, plusMs(b.clock.now(), 60_000))
    b.channels[0].fate = () => 'works'
    return { ...b, outbox }
  }

  it('is given up, and made again after a while', async () => {
    const { book, channels, clock, outbox } = await hung()
    await clock.pass(59_999)
    await outbox.step()
    assert.equal(channels[0].calls.length, 1)
    await clock.pass(1)
    await outbox.step()
    assert.equal(channels[0].calls.length, 2)
    assert.equal(book.row('slack', 'I1')?.place?.message, 'm1')
  })

  it('that works after all is not made again: its place is kept', async () => {
    const { book, channels, clock, outbox } = await hung()
    channels[0].arrive()
    await quiet()
    book.write(cardOf('I1', 'expired'))
    await settle(outbox, clock)
    assert.deepEqual(channels[0].asked('I1'), ['post waiting', 'edit expired'])
    assert.deepEqual(channels[0].seen('I1'), ['expired'])
  })

  for (const state of ['declined', 'sent'] as const)
    it(`that overtakes a later one is put right when the order is ${state}`, async () => {
      const { boot, book, channels, clock } = bench()
      const [slack] = channels
      const outbox = boot()
      book.write(cardOf('I1'))
      await settle(outbox, clock)
      slack.fate = () => 'hang'
      book.write(cardOf('I1', 'waiting', { rev: 2 }))
      const stepping = outbox.step()
      await clock.pass(30_000)
      await stepping
      slack.fate = () => 'works'
      book.write(cardOf('I1', state))
      await settle(outbox, clock)
      assert.deepEqual(slack.seen('I1'), [state])
      slack.arrive()
      await quiet()
      assert.deepEqual(slack.seen('I1'), ['waiting'])
      await settle(outbox, clock)
      assert.deepEqual([slack.seen('I1'), book.rows.size], [[state], state === 'sent' ? 1 : 0])
    })

  it('that posts a second card is told: only one of them is kept in step', async () => {
    const { book, channels, clock, logs, outbox } = await hung()
    await settle(outbox, clock)
    channels[0].arrive()
    await quiet()
    await settle(outbox, clock)
    book.write(cardOf('I1', 'expired'))
    await settle(outbox, clock)
    assert.match(logs.join('\n'), /^warn a card stands twice in a channel/m)
    assert.deepEqual(channels[0].seen('I1').sort(), ['expired', 'waiting'])
  })
})

describe('a book that fails', () => {
  it('has nothing posted that it has not written down', async () => {
    const { boot, book, channels, clock } = bench()
    const outbox = boot()
    book.fault = (what) => {
      if (what.startsWith('put')) throw new Error('disk full')
    }
    book.write(cardOf('I1'))
    await outbox.step()
    await outbox.step()
    assert.deepEqual(channels[0].calls, [])
    assert.match(outbox.troubles()[0]?.text ?? '', /disk full/)
    book.fault = () => {}
    await settle(outbox, clock)
    assert.deepEqual(channels[0].asked('I1'), ['post waiting'])
    assert.deepEqual(outbox.troubles(), [])
  })

  it('forgets its trouble with an order that nobody waits for any more', async () => {
    const { boot, book, clock } = bench()
    const outbox = boot()
    book.fault = (what) => {
      if (what === 'card I1') throw new Error('unreadable')
    }
    book.write(cardOf('I1'), cardOf('I2'))
    await outbox.step()
    assert.equal(outbox.troubles().length, 1)
    assert.equal(book.row('slack', 'I2')?.place?.message, 'm1')
    book.write(cardOf('I1', 'withdrawn'))
    await settle(outbox, clock)
    assert.deepEqual(outbox.troubles(), [])
  })

  it('is told again what it could not take, before anything is posted twice', async () => {
    const { boot, book, channels, clock } = bench()
    const outbox = boot()
    let faults = 3
    book.fault = (what) => {
      if (/^put .* posted$/.test(what) && faults-- > 0) throw new Error('disk full')
    }
    book.write(cardOf('I1'))
    for (let n = 0; n < 5; n++) await outbox.step()
    await settle(outbox, clock)
    assert.equal(faults, -1)
    assert.deepEqual(channels[0].asked('I1'), ['post waiting'])
    assert.equal(book.row('slack', 'I1')?.place?.message, 'm1')
  })

  it('which could not take that a card is to wait does not make it wait less', async () => {
    const { boot, book, channels, clock } = bench()
    const [slack] = channels
    const outbox = boot()
    slack.fate = () => {
      book.fault = (what) => {
        if (what.startsWith('put')) throw new Error('disk full')
      }
      return { afterMs: 30_000 }
    }
    book.write(cardOf('I1'))
    await outbox.step()
    book.fault = () => {}
    slack.fate = () => 'works'
    await clock.pass(29_000)
    await outbox.step()
    assert.equal(slack.calls.length, 1)
    assert.equal(book.row('slack', 'I1')?.attempts, 1)
    await clock.pass(1_000)
    await outbox.step()
    assert.deepEqual(slack.seen('I1'), ['waiting'])
  })

  it('is asked again', async () => {
    const { boot, book, channels, clock, logs } = bench()
    const stop = new AbortController()
    book.fault = (what) => {
      if (what.startsWith('open')) throw new Error('database is locked')
    }
    book.write(cardOf('I1'))
    const running = boot().run(stop.signal)
    await clock.pass(60_000)
    assert.match(logs.join('\n'), /database is locked/)
    assert.ok(logs.length < 20, `${logs.length} lines in a minute`)
    book.fault = () => {}
    await clock.pass(6_000)
    assert.deepEqual(channels[0].seen('I1'), ['waiting'])
    stop.abort()
    await running
  })
})

describe('a running outbox', () => {
  it('shows a change at once when it is woken, and soon when it is not', async () => {
    const { boot, book, channels, clock, wake } = bench()
    const stop = new AbortController()
    const running = boot().run(stop.signal)
    await clock.pass(1_000)
    book.write(cardOf('I1'))
    wake()
    await clock.pass(0)
    assert.deepEqual(channels[0].seen('I1'), ['waiting'])
    book.write(cardOf('I1', 'approved'))
    await clock.pass(5_200)
    assert.deepEqual(channels[0].seen('I1'), ['approved'])
    stop.abort()
    await running
  })

  it('sees what changed behind a call that was in hand', async () => {
    const { boot, book, channels, clock, wake } = bench()
    const [slack] = channels
    const stop = new AbortController()
    const running = boot().run(stop.signal)
    slack.fate = () => 'hang'
    book.write(cardOf('I1'))
    wake()
    await clock.pass(1_000)
    slack.fate = () => 'works'
    book.write(cardOf('I1', 'expired'))
    wake()
    await clock.pass(1_000)
    assert.deepEqual(slack.asked('I1'), ['post waiting'])
    slack.arrive()
    await clock.pass(200)
    assert.deepEqual(slack.asked('I1'), ['post waiting', 'edit expired'])
    stop.abort()
    await running
  })

  it('sees what changed behind a look that found nothing to do', async () => {
    const { boot, book, channels, clock, wake } = bench()
    book.write(cardOf('I1'))
    await settle(boot(), clock)
    const opened = Promise.withResolvers<void>()
    const read = book.card.bind(book)
    book.card = async (intentID) => {
      const card = await read(intentID)
      await opened.promise
      return card
    }
    const stop = new AbortController()
    const running = boot().run(stop.signal)
    await clock.pass(200)
    book.write(cardOf('I1', 'expired'))
    wake()
    await clock.pass(200)
    opened.resolve()
    await clock.pass(200)
    assert.deepEqual(channels[0].seen('I1'), ['expired'])
    stop.abort()
    await running
  })

  it('keeps a channel in step while another one hangs', async () => {
    const { boot, book, channels, clock, wake } = bench([new FakeChannel('slack'), new FakeChannel('teams')])
    const [slack, teams] = channels
    slack.fate = () => 'dead'
    const stop = new AbortController()
    const running = boot().run(stop.signal)
    book.write(...Array.from({ length: 10 }, (_, i) => cardOf(`I${i}`)))
    wake()
    await clock.pass(500)
    assert.equal(teams?.messages.size, 10)
    assert.equal(slack.messages.size, 0)
    book.write(cardOf('I3', 'expired'))
    wake()
    await clock.pass(500)
    assert.deepEqual(teams?.seen('I3'), ['expired'])
    stop.abort()
    await clock.pass(30_000)
    await running
  })

  it('tries again when its time has come, without being woken', async () => {
    const { boot, book, channels, clock } = bench(undefined, () => 0.5)
    const [slack] = channels
    slack.fate = () => 'later'
    book.write(cardOf('I1'))
    const stop = new AbortController()
    const running = boot().run(stop.signal)
    await clock.pass(450)
    assert.equal(slack.calls.length, 1)
    await clock.pass(250)
    assert.equal(slack.calls.length, 2)
    stop.abort()
    await running
  })

  it('asks the book ten times a second at most, whatever happens', async () => {
    const { boot, book, clock, wake } = bench()
    let looks = 0
    book.fault = (what) => {
      if (what.startsWith('open')) looks++
    }
    const stop = new AbortController()
    const running = boot().run(stop.signal)
    for (let n = 0; n < 1_000; n++) {
      wake()
      await clock.pass(1)
    }
    assert.ok(looks >= 9 && looks <= 11, `${looks} looks`)
    stop.abort()
    await running
  })

  it('ends when it is told to, with what is in hand, and begins nothing more', async () => {
    const { boot, book, channels, clock, wake } = bench()
    const [slack] = channels
    slack.fate = () => 'hang'
    book.write(...Array.from({ length: 9 }, (_, i) => cardOf(`I${i}`)))
    const stop = new AbortController()
    let over = false
    const running = boot()
      .run(stop.signal)
      .then(() => {
        over = true
      })
    await clock.pass(1_000)
    stop.abort()
    await clock.pass(1_000)
    assert.equal(over, false)
    slack.arrive()
    await quiet()
    await running
    assert.equal(slack.calls.length, 4)
    for (const name of ['I0', 'I1', 'I2', 'I3']) assert.notEqual(book.row('slack', name)?.place ?? null, null)
    wake()
    await clock.pass(HOUR_MS)
    assert.equal(slack.calls.length, 4)
    assert.equal(clock.sleepers.size, 0)
  })

  it('is not misled by a clock that was set back', async () => {
    const { boot, book, channels, clock } = bench()
    const [slack] = channels
    const outbox = boot()
    slack.fate = () => 'later'
    book.write(cardOf('I1'))
    await outbox.step()
    clock.set(plusMs(clock.now(), -86_400_000))
    slack.fate = () => 'works'
    await outbox.step()
    assert.deepEqual(slack.seen('I1'), ['waiting'])
    assert.equal(book.row('slack', 'I1')?.intentID, id('I1'))
  })
})
