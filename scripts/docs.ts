/** Writes the documents that are generated from code: node scripts/docs.ts [--check] */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { simPage } from '../src/brokers/sim/reference.ts'
import { generate as limits } from '../src/desk/limits.doc.ts'
import { generate as refusals } from '../src/gate/refusals.doc.ts'
import { generate as rollout } from '../src/gate/rollout.doc.ts'
import { generate as monitoring } from '../src/gate/triggers.doc.ts'
import { cliPage, configurationPage } from '../src/main/reference.ts'
import { generate as orderMachine } from '../src/orders/machines.doc.ts'
import { generate as controls } from '../test/controls/controls.doc.ts'
import { generate as testing } from '../test/simulation/testing.doc.ts'

/** A page that code writes, so that it cannot be out of date. */
export type GeneratedDoc = {
  /** Path from the root of the repository. */
  readonly file: string
  /** The whole content; the same for the same sources, so no times and no machine in it. */
  readonly generate: () => string | Promise<string>
}

export const DOCS: readonly GeneratedDoc[] = [
  { file: 'docs/refusals.md', generate: refusals },
  { file: 'docs/monitoring.md', generate: monitoring },
  { file: 'docs/rollout.md', generate: rollout },
  { file: 'docs/limits.md', generate: limits },
  { file: 'docs/controls.md', generate: controls },
  { file: 'docs/order-machine.md', generate: orderMachine },
  { file: 'docs/configuration.md', generate: configurationPage },
  { file: 'docs/cli.md', generate: cliPage },
  { file: 'docs/brokers/sim.md', generate: simPage },
  { file: 'docs/testing.md', generate: testing },
]

export type Stale = { readonly file: string; readonly why: string; readonly content: string }

/** The pages whose file differs from what the code would write now. */
export async function staleDocs(root: string, docs: readonly GeneratedDoc[]): Promise<Stale[]> {
  const stale: Stale[] = []
  for (const { file, generate } of docs) {
    const content = `${(await generate()).trimEnd()}\n`
    const why = difference(read(join(root, file)), content)
    if (why !== undefined) stale.push({ file, why, content })
  }
  return stale
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function difference(have: string | undefined, want: string): string | undefined {
  if (have === undefined) return 'missing'
  if (have === want) return undefined
  const [mine, theirs] = [have.split('\n'), want.split('\n')]
  const at = theirs.findIndex((line, i) => line !== mine[i])
  const line = at < 0 ? theirs.length : at
  return `line ${line + 1} is ${JSON.stringify(mine[line] ?? '(absent)')}, should be ${JSON.stringify(theirs[line] ?? '(absent)')}`
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const stale = await staleDocs(root, DOCS)
  if (process.argv.includes('--check')) {
    for (const { file, why } of stale) console.error(`${file}: ${why}`)
    if (stale.length > 0) console.error('\nWritten by code: run "npm run docs" and commit the result.')
    process.exitCode = stale.length > 0 ? 1 : 0
  } else {
    for (const { file, content } of stale) {
      mkdirSync(dirname(join(root, file)), { recursive: true })
      writeFileSync(join(root, file), content)
      console.log(`wrote ${file}`)
    }
    if (stale.length === 0) console.log(`${DOCS.length} generated documents are up to date`)
  }
}
