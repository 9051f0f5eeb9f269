import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { STAGES } from '../orders/stage.ts'
import { figureOf, inRow, runbookOf, TRIGGER_NAMES, TRIGGERS } from './triggers.ts'

describe('the table of triggers', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/emergency.md'), 'utf8')
  const anchors = [...page.matchAll(/^## (.+)$/gm)].map(
    ([, title = '']) =>
      `#${title
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-')}`,
  )
  for (const name of TRIGGER_NAMES) {
    const { alert, halts } = TRIGGERS[name]
    it(`${name} has a chapter that tells what to do`, () => {
      assert.ok(alert === null || anchors.includes(runbookOf(alert)), `${alert}: ${runbookOf(alert ?? '')}`)
    })
    it(`${name} stops no less of a live account than of paper`, () => {
      assert.ok((halts.live ?? '') >= (halts.paper ?? ''))
    })
    for (const stage of STAGES)
      it(`${name} is loosened by no setting in ${stage}`, () => {
        const own = figureOf(name, stage, {})
        assert.equal(figureOf(name, stage, { [name]: own * 2 }), own)
        if (own !== Infinity) assert.equal(figureOf(name, stage, { [name]: own / 2 }), own / 2)
      })
  }
  it('sends a kind of alert that nobody foresaw to the chapter about stopping', () => {
    assert.equal(runbookOf('SOMETHING_NEW'), '#e1-kill')
  })
})

describe('in a row', () => {
  for (const [all, counted] of [
    ['', ''],
    ['nnn', 'nnn'],
    ['nny', 'nn'],
    ['ynn', ''],
    ['nynn', 'n'],
  ] as const)
    it(`of ${all || 'none'} are ${counted || 'none'}`, () => {
      assert.equal(inRow([...all], (one) => one === 'n').join(''), counted)
    })
})
