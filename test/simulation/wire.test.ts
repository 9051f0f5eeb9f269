import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseScript } from './script.ts'
import { simulate } from './world.ts'

/** An order rests far from the market, and is taken back. */
const DAY = `world seed=7 start=2026-11-23T16:00:00Z lasts=100.000 broker=bare store=memory limits=wide
at 1.990 approve I1 by=ana after=0.500
at 1.990 cancel  I1 by=bo  after=4.000
at 2.000 signal  I1 BUY AAPL entry=186.50 stop=181.00 tif=GTC
`
const played = (line: string) => simulate(parseScript(DAY + line), { trace: true })

describe('a cancel', () => {
  /** Which of the requests ended the order; a plain no is the broker's last word. */
  const rows: readonly (readonly [fate: string, by: 'the first' | 'a later one' | 'none'])[] = [
    ['lost', 'a later one'],
    ['lost-done', 'the first'],
    ['throw', 'a later one'],
    ['throw-done', 'the first'],
    ['slow', 'the first'],
    ['hang ms=70000 says=no done=yes', 'the first'],
    ['hang ms=70000 says=yes done=no', 'a later one'],
    ['late ms=3000', 'the first'],
    ['late ms=9000', 'a later one'],
    ['reject', 'none'],
    ['crash-done', 'the first'],
  ]
  for (const [fate, by] of rows)
    it(`ends the order by ${by} of its requests: ${fate}`, async () => {
      const { failure, faults, trace } = await played(`on cancel 1 ${fate}`)
      assert.equal(failure, null)
      assert.equal(faults[`cancel ${fate.split(' ')[0]}`], 1)
      const ended = trace.findIndex((line) => line.endsWith('Canceled at the broker'))
      const asked = trace.slice(0, ended).filter((line) => / cancel of \S+ leaves/.test(line)).length
      assert.equal(ended < 0 ? 'none' : asked === 1 ? 'the first' : 'a later one', by, trace.join('\n'))
    })
})

describe('a question about the market', () => {
  // First the rules, then price and hours together. A price that is as old as the slower of the two is not traded on.
  for (const fate of ['fail', 'slow', 'crash-before', 'crash-answered'])
    for (const [i, what] of ['rules', 'price', 'hours'].entries())
      it(`delays the order or stops it: ${what}, ${fate}`, async () => {
        const { failure, faults, trace } = await played(`on market ${i + 1} ${fate}`)
        assert.equal(failure, null)
        assert.equal(faults[fate.startsWith('crash') ? 'crash' : `market ${fate}`], 1)
        const isStale = fate === 'slow' && what !== 'rules'
        const became = trace.find((line) => / (intent\.refused I1|order\.created)/.test(line))
        assert.match(became ?? '', isStale ? /QUOTE_STALE/ : /order\.created/)
      })
})
