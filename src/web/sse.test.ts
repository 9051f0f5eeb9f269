import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { messageReader } from './sse.ts'

const STREAM =
  'event: hello\ndata: {}\n\n: beat\n\nid: 7\nevent: intent.received\ndata: {"a":\ndata: 1}\n\nid: 8\r\ndata:x\r\n\r\n'
const MESSAGES = [
  { id: null, event: 'hello', data: '{}' },
  { id: '7', event: 'intent.received', data: '{"a":\n1}' },
  { id: '8', event: 'message', data: 'x' },
]

describe('an event stream', () => {
  it('reads the same however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: STREAM.length }), { maxLength: 12 }), (cuts) => {
        const read = messageReader()
        const edges = [0, ...cuts.sort((a, b) => a - b), STREAM.length]
        const messages = edges.slice(1).flatMap((end, i) => read(STREAM.slice(edges[i], end)))
        assert.deepEqual(messages, MESSAGES)
      }),
    )
  })

  it('keeps an unfinished message to itself', () => {
    assert.deepEqual(messageReader()('id: 1\ndata: half\n'), [])
  })
})
