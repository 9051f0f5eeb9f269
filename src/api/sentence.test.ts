import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Row } from '../journal/row.ts'
import { sentence } from './sentence.ts'

it('what a broker wrote cannot turn round or hide the rest of the sentence', () => {
  const data = { text: 'no \u202eyltcaxe\u2066 buying\u200b power\u0007' }
  const row = { action: 'order.rejected', actor: { type: 'broker' }, object: { type: 'order', id: 'o1' }, data }
  assert.equal(sentence(row as unknown as Row, String), 'The broker rejected o1: no yltcaxe buying power')
})
