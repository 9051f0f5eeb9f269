import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { play } from './commands.ts'
import { type Line, parseScenario, ScenarioError } from './language.ts'
import { calmDown, journalOf, STANDING } from './standing.ts'
import { World } from './world.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Plays one scenario from its first line to the standing checks. @throws {ScenarioError} naming the line. */
async function run(source: string): Promise<void> {
  const { lines } = parseScenario(source)
  const w = new World()
  for (let i = 0; i < lines.length; ) {
    const group: Line[] = []
    do group.push(lines[i++] as Line)
    while (lines[i]?.together)
    await play(w, group)
  }
  await calmDown(w)
  const journal = await journalOf(w.store)
  for (const [rule, check] of Object.entries(STANDING)) {
    if (w.exceptions.has(rule)) continue
    await check(w, journal).catch((thrown: unknown) => {
      const why = thrown instanceof Error ? thrown.message : String(thrown)
      throw new ScenarioError(source.split('\n').length, `afterwards: ${rule}\n  ${why}`, { cause: thrown })
    })
  }
  await w.store.close()
}

describe('scenarios', () => {
  const files = globSync('scenarios/**/*.scenario', { cwd: ROOT }).sort()
  for (const file of files) {
    const source = readFileSync(join(ROOT, file), 'utf8')
    const name = file.replace('scenarios/', '').replace('.scenario', '')
    it(`${name}: ${source.split('\n')[0]?.slice(2)}`, () => run(source))
  }
  it('are many', () => assert.ok(files.length >= 100, `${files.length} scenarios`))
})

describe('the language of scenarios', () => {
  const head = '# For the test.\nmarket AAPL bid=189.95 ask=190.05\n'
  const signal = 'signal I1 BUY AAPL entry=190.00 stop=188.00'
  const wrong: [name: string, source: string, line: number, message: RegExp][] = [
    ['a scenario without a comment', 'wait 1s', 1, /first line must be a comment/],
    ['an unknown command', `${head}sell everything`, 3, /nobody knows the word "sell"/],
    ['a word too many', `${head}wait 5s more`, 3, /wait does not know more/],
    ['an unknown name', `${head}halt by=ana loudly=yes`, 3, /halt does not know loudly=/],
    ['a missing name', `${head}signal I1 BUY AAPL entry=190.00`, 3, /stop= is missing/],
    ['an unknown figure', `${head}${signal} -> AwaitingApproval quantity=5`, 3, /nobody knows the figure quantity=/],
    ['an open quote', `${head}next reject "no`, 3, /cannot read/],
    ['a state that did not come', `${head}${signal} -> Filled`, 3, /I1 is AwaitingApproval, expected Filled/],
    ['a figure that is another', `${head}\n${signal} -> AwaitingApproval qty=53`, 4, /qty is 52, expected 53/],
    ['a denial that nobody expects', `${head}${signal}\napprove I1 by=tom`, 4, /denied: NOT_ELIGIBLE/],
    ['a task that was not raised', `${head}${signal}\nexpect task FROZEN AAPL`, 4, /no open task FROZEN/],
    ['a task that nobody expects', `${head}elsewhere order BUY 1 AAPL 150.00\nreconcile`, 4, /EXTERNAL_ORDER/],
  ]
  for (const [name, source, line, message] of wrong)
    it(`says where: ${name}`, async () => {
      await assert.rejects(run(source), (thrown) => {
        assert.ok(thrown instanceof ScenarioError, String(thrown))
        assert.match(thrown.message, message)
        assert.equal(thrown.line, line)
        return true
      })
    })
})
