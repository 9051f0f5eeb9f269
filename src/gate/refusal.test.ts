import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CODES, explain, type Refusal, TRANSIENT } from './refusal.ts'
import { generate, SAMPLES } from './refusals.doc.ts'
import { dec } from '../values/decimal.ts'
import { money, percent, span } from './words.ts'

describe('every refusal', () => {
  for (const code of CODES) {
    const sample: Refusal = SAMPLES[code]
    it(`${code} speaks`, () => {
      assert.match(code, /^[A-Z]+(_[A-Z]+)+$/)
      assert.equal(typeof TRANSIENT[code], 'boolean')
      const said = explain(sample)
      assert.match(said, /^[A-Z0-9a-z].*\. [A-Z].*\.$/, 'what happened, and what to do')
      assert.doesNotMatch(said, /undefined|null|NaN|\[object|\.\./)
      // Decimals and amounts that were compared can be read in the sentence; shares are said in percent.
      for (const [field, value] of Object.entries(sample))
        if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) && !['buffer', 'share'].includes(field))
          assert.ok(said.includes(value), `${field} ${value} is not in: ${said}`)
    })
  }

  it('is flat, so that it crosses every wire as it is', () => {
    for (const sample of Object.values(SAMPLES))
      for (const value of Object.values(sample))
        assert.ok(['string', 'number'].includes(typeof value) || value === null)
  })

  it('is in the page', () => {
    const page = generate()
    for (const code of CODES) assert.ok(page.includes(`\n### ${code}\n`) && page.includes(explain(SAMPLES[code])))
  })
})

it('spans that differ read differently', () => {
  assert.deepEqual([850, 5000, 5001, 60_000, 600_000, 600_001].map(span), [
    '850 ms',
    '5 s',
    '5.001 s',
    '60 s',
    '10 min',
    '11 min',
  ])
})

it('money and shares', () => {
  assert.deepEqual(
    [money(dec('1000'), 'USD'), money(dec('0.125'), 'EUR'), percent(dec('0.05')), percent(dec('0.0025'))],
    ['1000.00 USD', '0.12 EUR', '5%', '0.25%'],
  )
})
