// npm run replay [-- FILE.csv]: the drill of drill.ts, told line by line, with what the accountant found.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { drill } from './drill.ts'

const ROOT = resolve(import.meta.dirname, '..', '..')
const file = process.argv[2] ?? resolve(ROOT, '..', 'shared', 'data', 'AAPL_2024-01-02_2024-01-05_1m.csv')
if (!existsSync(file)) {
  console.error(
    `There are no recorded bars at ${file}.\nGive a file: npm run replay -- AAPL_bars.csv (date,open,high,low,close,volume; one-minute bars of at least two days).`,
  )
  process.exit(2)
}
const dataDir = mkdtempSync(join(tmpdir(), 'jax-replay-'))
try {
  const { findings, fills, stories } = await drill(file, dataDir, (line) => console.log(line))
  const verified = spawnSync(
    process.execPath,
    [join(ROOT, 'src/main/cli.ts'), '--data-dir', dataDir, 'audit', 'verify'],
    { encoding: 'utf8' },
  )
  const wrong = findings.filter((finding) => !finding.ok)
  console.log(`\n${stories.length} intents, ${fills.length} fills`)
  for (const { what, detail } of findings.filter((f) => !f.what.startsWith('story') && !f.what.includes('(')))
    console.log(`  ${what}: ${detail}`)
  for (const { what, detail } of wrong) console.log(`  WRONG  ${what}: ${detail}`)
  console.log(verified.stdout.trim())
  if (wrong.length > 0 || verified.status !== 0) {
    console.error(verified.stderr.trim())
    process.exitCode = 1
  } else console.log('The books agree, every story is complete, and the record is intact.')
} finally {
  rmSync(dataDir, { recursive: true, force: true })
}
