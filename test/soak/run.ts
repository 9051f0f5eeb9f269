// npm run soak [-- --minutes 10 --seed 1 --rate 0.05]: the soak of soak.ts, told while it runs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { soak } from './soak.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    rate: { type: 'string', default: '0.05' },
  },
})
const [minutes, seed, rate] = [Number(values.minutes), Number(values.seed), Number(values.rate)]
if (!(minutes > 0 && minutes <= 60) || !Number.isInteger(seed) || !(rate >= 0 && rate <= 0.5)) {
  console.error(
    '--minutes is 0 to 60, --seed a whole number, --rate 0 to 0.5. Example: npm run soak -- --minutes 10 --seed 7',
  )
  process.exit(2)
}
const dataDir = mkdtempSync(join(tmpdir(), 'jax-soak-'))
const { findings, figures } = await soak({ seed, seconds: minutes * 60, rate, dataDir }, (line) => console.log(line))
for (const [what, figure] of Object.entries(figures)) console.log(`  ${what}: ${figure}`)
for (const { what, ok, detail } of findings) console.log(`  ${ok ? 'ok   ' : 'WRONG'}  ${what}: ${detail}`)
if (findings.every(({ ok }) => ok)) rmSync(dataDir, { recursive: true, force: true })
else {
  console.error(`What was recorded is kept in ${dataDir}.`)
  process.exitCode = 1
}
