import assert from 'node:assert/strict'
import { it } from 'node:test'
import { KINDS } from './planning.ts'
import { FAULTS, generate } from './testing.doc.ts'

it('the page says of every fault what it does', () => assert.deepEqual(Object.keys(FAULTS), Object.keys(KINDS)))
it('the page names faults and promises', () => {
  assert.match(generate(), /\n\| outage \| the broker cannot be reached/)
  assert.match(generate(), /\n\| G7 \| limits count what is in flight \|\n/)
})
