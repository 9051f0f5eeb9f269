// npm run controls:planted [-- --only P01,A05 --at-once 2 --json]: takes one control after the other out of the code, in the
// process that plays its tests and nowhere else, and says which of them nothing noticed.
import { parseArgs } from 'node:util'
import { PLANTED } from './planted.ts'
import { type Outcome, tried } from './planting.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    'at-once': { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
})
const wanted = values.only?.split(',')
const unknown = wanted?.filter((id) => !PLANTED.some(({ control }) => control === id)) ?? []
const atOnce = Number(values['at-once'])
if (unknown.length > 0 || (atOnce !== 1 && atOnce !== 2)) {
  for (const id of unknown) console.error(`There is nothing planted for ${id}.`)
  console.error('--at-once is 1 or 2. Example: npm run controls:planted -- --only P01,A05')
  process.exit(2)
}

const queue = PLANTED.filter(({ control }) => wanted?.includes(control) ?? true)
const total = queue.length
const outcomes: Outcome[] = []
async function hand(): Promise<void> {
  for (let one = queue.shift(); one !== undefined; one = queue.shift())
    for (const held of one.held) {
      const outcome = await tried(one, held)
      outcomes.push(outcome)
      if (!values.json)
        console.log(
          `${one.control} ${one.name.padEnd(32)} ${held.join(' ').replace('test/scenarios/scenarios.test.ts', 'scenario').padEnd(60)} ${outcome.is}${outcome.is === 'noticed' ? '' : `\n${outcome.told}`}`,
        )
    }
}
await Promise.all(Array.from({ length: atOnce }, hand))

const missed = outcomes.filter(({ is }) => is !== 'noticed')
if (values.json)
  console.log(
    JSON.stringify(
      outcomes.map(({ planted, held, is }) => ({ planted, held, is })),
      null,
      2,
    ),
  )
else console.log(`\n${total} taken out, ${outcomes.length} proofs; ${missed.length} noticed nothing.`)
process.exitCode = missed.length === 0 ? 0 : 1
