// npm run sim:mutants [-- --only name,… --seeds 1000 --at-once 2 --write]: plants the bugs of mutants.ts one at a time and
// plays simulated worlds until a promise breaks. A bug that a thousand worlds do not notice is a hole in the oracles.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { MUTANTS, type Mutant, NOT_YET } from './mutants.ts'
import { filled, span } from './summary.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGE = join(ROOT, 'docs/testing.md')
/** Much longer than a thousand worlds take; what is not done by then goes round in circles. */
const HOURS_MAX = 1

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '1000' },
    'at-once': { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
})
const wanted = values.only?.split(',')
const unknown = wanted?.filter((name) => !MUTANTS.some((one) => one.name === name)) ?? []
const [seeds, atOnce] = [Number(values.seeds), Number(values['at-once'])]
if (unknown.length > 0 || !Number.isInteger(seeds) || seeds < 1 || (atOnce !== 1 && atOnce !== 2)) {
  for (const name of unknown) console.error(`There is no mutant ${name}.`)
  console.error(
    '--seeds is a whole number, --at-once 1 or 2. Example: npm run sim:mutants -- --only no-stop --seeds 100',
  )
  process.exit(2)
}
if (values.write && wanted !== undefined) {
  console.error('--write tells of all mutants: leave out --only.')
  process.exit(2)
}

/** What became of one. Only `caught` is a pass. */
type Verdict = { readonly mutant: Mutant; readonly wallMs: number } & (
  | { readonly is: 'caught'; readonly oracle: string; readonly seeds: number }
  | { readonly is: 'survived' }
  | { readonly is: 'does not load'; readonly why: string }
)

async function tried(mutant: Mutant): Promise<Verdict> {
  const started = performance.now()
  const args = ['--import', './test/simulation/mutate.ts', 'test/simulation/run.ts']
  const child = spawn(
    process.execPath,
    [...args, '--seeds', String(seeds), '--first', '1', '--until-failure', '--quiet', '--json', '--jobs', '1'],
    {
      cwd: ROOT,
      env: { ...process.env, JAX_MUTANT: mutant.name },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: HOURS_MAX * 3_600_000,
    },
  )
  const ended = new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject))
  const [code, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  const wallMs = performance.now() - started
  if (code === 0) return { mutant, wallMs, is: 'survived' }
  const told = code === 1 ? failureIn(out) : null
  // A process that dies of the bug never got as far as a promise.
  if (told && told.oracle !== 'died') return { mutant, wallMs, is: 'caught', ...told }
  return { mutant, wallMs, is: 'does not load', why: (told?.text ?? err).trim() || `exit ${code}` }
}

/** The last line that the simulation printed, when it tells of a broken promise. */
function failureIn(out: string): { readonly oracle: string; readonly seeds: number; readonly text: string } | null {
  try {
    const told = JSON.parse(out.trim().split('\n').at(-1) ?? '') as Partial<Record<string, unknown>>
    const [oracle, played, words] = [told['oracle'], told['seeds'], told['text']]
    return typeof oracle === 'string' && typeof played === 'number'
      ? { oracle, seeds: played, text: String(words) }
      : null
  } catch {
    return null
  }
}

const inWords = (verdict: Verdict): string => {
  switch (verdict.is) {
    case 'caught':
      return `caught after ${verdict.seeds} by ${verdict.oracle}`
    case 'survived':
      return `SURVIVED ${seeds} worlds`
    case 'does not load':
      return `DOES NOT LOAD: ${verdict.why.slice(-600)}`
  }
}

// Those that are known to get away are tried when they are named.
const queue = MUTANTS.filter(({ name }) => wanted?.includes(name) ?? !Object.hasOwn(NOT_YET, name))
const total = queue.length
const verdicts: Verdict[] = []
async function hand(): Promise<void> {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const verdict = await tried(mutant)
    verdicts.push(verdict)
    const count = `${verdicts.length}/${total}`.padStart(7)
    console.log(`${count}  ${mutant.name.padEnd(46)} ${inWords(verdict)}  (${span(verdict.wallMs)})`)
  }
}
await Promise.all(Array.from({ length: atOnce }, hand))

const inOrder = MUTANTS.flatMap((mutant) => verdicts.filter((verdict) => verdict.mutant === mutant))
const caught = inOrder.filter((verdict) => verdict.is === 'caught')
const missed = inOrder.filter((verdict) => verdict.is !== 'caught')
console.log(`\n${caught.length} of ${total} caught.`)
for (const verdict of missed) console.log(`  ${verdict.mutant.name}: ${inWords(verdict)}\n    ${verdict.mutant.about}`)
if (values.write) {
  writeFileSync(PAGE, filled(pageWithPlace(), 'mutants', `${summary()}\n\n${table()}\n\n${holes()}`))
  console.log('docs/testing.md has the table.')
}
process.exitCode = missed.length === 0 ? 0 : 1

function summary(): string {
  const most = Math.max(0, ...caught.map((verdict) => verdict.seeds))
  return `${caught.length} of ${total} caught, each within ${most} worlds.`
}

function table(): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const rows = inOrder.map((verdict) => {
    const { name, guarantee, about } = verdict.mutant
    const [by, after] = verdict.is === 'caught' ? [verdict.oracle, String(verdict.seeds)] : [`**${verdict.is}**`, '–']
    return row([`\`${name}\``, guarantee, about, by, after])
  })
  return [
    row(['bug', 'breaks', 'what happens then', 'noticed by', 'after worlds']),
    '|---|---|---|---|--:|',
    ...rows,
  ].join('\n')
}

function holes(): string {
  const rows = MUTANTS.filter(({ name }) => Object.hasOwn(NOT_YET, name)).map(
    ({ name, guarantee, about }) => `| \`${name}\` | ${guarantee} | ${about} | ${NOT_YET[name]} |`,
  )
  return [
    'These get away yet, and are tried when they are named (`--only`):',
    '',
    '| bug | breaks | what happens then | what would notice it |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n')
}

/** The page as it is, with a place for the table at its end when it has none. */
function pageWithPlace(): string {
  const page = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '# How Jax Execution is tested\n'
  if (page.includes('<!-- mutants -->')) return page
  return `${page.trimEnd()}

## Bugs on purpose

An oracle that never fires proves nothing. \`npm run sim:mutants\` plants one bug at a time from
[mutants.ts](../test/simulation/mutants.ts), each a small and believable one, and plays worlds until a promise breaks.
A bug that a thousand worlds do not notice fails the run.

<!-- mutants -->
<!-- /mutants -->
`
}
