import assert from 'node:assert/strict'
import { it } from 'node:test'
import { didYouMean, nearest } from './nearest.ts'

const WORDS = ['port', 'host', 'exposed', 'maxOrderNotional', 'riskPerTrade']

// biome-ignore format: a table reads in columns
const rows: readonly (readonly [typed: string, meant: string | null])[] = [
  ['prot',             'port'],
  ['Port',             'port'],
  ['hots',             'host'],
  ['maxordernotional', 'maxOrderNotional'],
  ['maxOrderNotionl',  'maxOrderNotional'],
  ['risk_per_trade',   'riskPerTrade'],
  ['zebra',            null],
  ['',                 null],
]
for (const [typed, meant] of rows)
  it(`${JSON.stringify(typed)} was meant to be ${meant}`, () => assert.equal(nearest(typed, WORDS), meant))

it('says so only when it knows', () => {
  assert.equal(didYouMean('prot', WORDS), '; did you mean "port"?')
  assert.equal(didYouMean('zebra', WORDS), '')
})
