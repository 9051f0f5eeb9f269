import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { wrongInBlocks, wrongInView } from './blockkit.ts'

type Json = Record<string, unknown>
const text = (length: number, type = 'plain_text'): Json => ({ type, text: 'x'.repeat(length) })
const button = (over: Json = {}): Json => ({ type: 'button', action_id: 'a', text: text(5), ...over })
const actions = (...elements: Json[]): Json => ({ type: 'actions', elements })
const section = (over: Json): Json => ({ type: 'section', ...over })
const input = (over: Json = {}): Json => ({
  type: 'input',
  label: text(10),
  element: { type: 'plain_text_input', action_id: 'a', ...over },
})

describe('blocks that Slack shows, and one more that it does not', () => {
  const rows: [name: string, good: Json[], bad: Json[]][] = [
    ['blocks of a message', Array(50).fill({ type: 'divider' }), Array(51).fill({ type: 'divider' })],
    ['header', [{ type: 'header', text: text(150) }], [{ type: 'header', text: text(151) }]],
    ['header in mrkdwn', [{ type: 'header', text: text(1) }], [{ type: 'header', text: text(1, 'mrkdwn') }]],
    ['section', [section({ text: text(3000, 'mrkdwn') })], [section({ text: text(3001, 'mrkdwn') })]],
    ['empty section', [section({ text: text(1) })], [section({})]],
    ['empty text', [section({ text: text(1) })], [section({ text: text(0) })]],
    ['fields', [section({ fields: Array(10).fill(text(2000)) })], [section({ fields: Array(11).fill(text(1)) })]],
    ['long field', [section({ fields: [text(2000)] })], [section({ fields: [text(2001)] })]],
    [
      'context',
      [{ type: 'context', elements: Array(10).fill(text(1)) }],
      [{ type: 'context', elements: Array(11).fill(text(1)) }],
    ],
    ['button text', [actions(button({ text: text(75) }))], [actions(button({ text: text(76) }))]],
    ['button value', [actions(button({ value: 'x'.repeat(2000) }))], [actions(button({ value: 'x'.repeat(2001) }))]],
    [
      'button action',
      [actions(button({ action_id: 'x'.repeat(255) }))],
      [actions(button({ action_id: 'x'.repeat(256) }))],
    ],
    ['button url', [actions(button({ url: 'https://a.example' }))], [actions(button({ url: 'javascript:alert(1)' }))]],
    [
      'long url',
      [actions(button({ url: `https://a/${'x'.repeat(2990)}` }))],
      [actions(button({ url: `https://a/${'x'.repeat(2991)}` }))],
    ],
    ['style', [actions(button({ style: 'danger' }))], [actions(button({ style: 'default' }))]],
    ['same action twice', [actions(button(), button({ action_id: 'b' }))], [actions(button(), button())]],
    ['no buttons', [actions(button())], [actions()]],
    [
      'buttons',
      [actions(...Array.from({ length: 25 }, (_, i) => button({ action_id: `${i}` })))],
      [actions(...Array.from({ length: 26 }, (_, i) => button({ action_id: `${i}` })))],
    ],
    [
      'confirm',
      [actions(button({ confirm: { title: text(100), text: text(300), confirm: text(30), deny: text(30) } }))],
      [actions(button({ confirm: { title: text(100), text: text(301) } }))],
    ],
    [
      'confirm title',
      [actions(button({ confirm: { title: text(100), text: text(1) } }))],
      [actions(button({ confirm: { title: text(101), text: text(1) } }))],
    ],
    [
      'confirm button',
      [actions(button({ confirm: { text: text(1), deny: text(30) } }))],
      [actions(button({ confirm: { text: text(1), deny: text(31) } }))],
    ],
    ['block id', [{ type: 'divider', block_id: 'x'.repeat(255) }], [{ type: 'divider', block_id: 'x'.repeat(256) }]],
    [
      'same block twice',
      [{ type: 'divider', block_id: 'a' }],
      [
        { type: 'divider', block_id: 'a' },
        { type: 'divider', block_id: 'a' },
      ],
    ],
    [
      'emoji',
      [section({ text: { ...text(1), emoji: false } })],
      [section({ text: { ...text(1, 'mrkdwn'), emoji: false } })],
    ],
    ['unknown block', [{ type: 'divider' }], [{ type: 'carousel' }]],
  ]
  for (const [name, good, bad] of rows)
    it(name, () => {
      assert.deepEqual(wrongInBlocks(good, 'message'), [])
      assert.notDeepEqual(wrongInBlocks(bad, 'message'), [])
    })
})

describe('a window that Slack opens, and one that it does not', () => {
  const view = (over: Json = {}): Json => ({
    type: 'modal',
    title: text(24),
    submit: text(24),
    close: text(24),
    blocks: [input()],
    ...over,
  })
  it('good', () =>
    assert.deepEqual(
      wrongInView(view({ private_metadata: 'x'.repeat(3000), blocks: Array.from({ length: 100 }, () => input()) })),
      [],
    ))
  for (const [name, over] of [
    ['title', { title: text(25) }],
    ['submit', { submit: text(25) }],
    ['no submit', { submit: undefined }],
    ['metadata', { private_metadata: 'x'.repeat(3001) }],
    ['callback', { callback_id: 'x'.repeat(256) }],
    ['blocks', { blocks: Array.from({ length: 101 }, () => input()) }],
    ['lengths', { blocks: [input({ min_length: 5, max_length: 4 })] }],
    ['home', { type: 'home' }],
  ] as [string, Json][])
    it(`bad ${name}`, () => assert.notDeepEqual(wrongInView(view(over)), []))
})
