/** Everything that must hold before a commit: node scripts/check.mjs [step …] */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { ROOT } from './bootstrap.mjs'

const TSC = 'node_modules/typescript/bin/tsc'

/** @type {Record<string, string[][]>} step → commands, each run by this Node */
const STEPS = {
  format: [['node_modules/@biomejs/biome/bin/biome', 'format']],
  lint: [['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings']],
  types: [
    [TSC, '-p', 'tsconfig.json'],
    ...(existsSync(join(ROOT, 'src/web/index.html')) ? [[TSC, '-p', 'src/web/tsconfig.json']] : []),
  ],
  floors: [['scripts/test.mjs', 'test/floors']],
  unused: [['node_modules/knip/bin/knip.js']],
  tests: [['scripts/test.mjs']],
  docs: [['scripts/docs.ts', '--check']],
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in STEPS))
if (unknown.length > 0) {
  console.error(`Unknown step ${unknown.join(', ')}. Steps: ${Object.keys(STEPS).join(', ')}.`)
  process.exit(2)
}

/** @type {string[]} */
const failed = []
const names = wanted.length > 0 ? wanted : Object.keys(STEPS)
for (const name of names) {
  process.stdout.write(`${styleText('bold', name.padEnd(8))} … `)
  const started = performance.now()
  const runs = (STEPS[name] ?? []).map((args) =>
    spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 }),
  )
  const wrong = runs.filter((run) => run.status !== 0)
  console.log(
    `${wrong.length === 0 ? styleText('green', 'ok') : styleText('red', 'FAIL')}  ${((performance.now() - started) / 1000).toFixed(1)} s`,
  )
  if (wrong.length === 0) continue
  failed.push(name)
  for (const run of wrong)
    console.log(`${run.stdout}${run.stderr}${run.error?.message ?? ''}`.trimEnd().replace(/^/gm, '  '))
}
console.log(
  failed.length === 0
    ? `\ncheck: ${names.length} of ${names.length} steps ok`
    : `\ncheck: ${failed.length} of ${names.length} steps failed: ${failed.join(', ')}`,
)
process.exitCode = failed.length === 0 ? 0 : 1
