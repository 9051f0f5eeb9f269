import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Held, Planted } from './planted.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Longer than the slowest proof takes on a busy machine. */
const MINUTES_MAX = 5

/** What became of one proof when its control was taken out. Only `noticed` is a pass. */
export type Outcome = {
  readonly planted: string
  readonly held: Held
  readonly is: 'noticed' | 'NOT NOTICED' | 'NO SUCH TEST' | 'DOES NOT LOAD'
  readonly told: string
}

/** Plays the tests with the control taken out. The sources on the disk stay as they are. */
export async function tried(planted: Pick<Planted, 'control' | 'name'>, held: Held): Promise<Outcome> {
  const name = `${planted.control} ${planted.name}`
  const [file, names] = held
  const child = spawn(
    process.execPath,
    ['--import', './test/simulation/mutate.ts', ...(names === undefined ? [] : ['--test-name-pattern', names]), file],
    {
      cwd: ROOT,
      // A process that a test run starts must not report to that run.
      env: { ...process.env, JAX_MUTANT: name, NODE_TEST_CONTEXT: undefined, FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: MINUTES_MAX * 60_000,
    },
  )
  const ended = new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject))
  const [code, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  const [passed, failed] = ['pass', 'fail'].map((what) =>
    Number(new RegExp(`^[ℹ#] ${what} (\\d+)$`, 'm').exec(out)?.[1] ?? '-1'),
  )
  const said = (is: Outcome['is'], told: string): Outcome => ({
    planted: name,
    held,
    is,
    told: told.trim().slice(-600),
  })
  if (passed === -1 || failed === undefined || passed === undefined) return said('DOES NOT LOAD', err || out)
  if (failed > 0) return said('noticed', '')
  return passed === 0 ? said('NO SUCH TEST', '') : said('NOT NOTICED', `exit ${code}, ${passed} passed`)
}
