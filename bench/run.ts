// npm run bench: speed as ratios against limits taken in the same run. It asserts nothing: machines are shared and noisy.
import { drillRows } from './drills.ts'
import { haltRows } from './halts.ts'
import { orderRows } from './orders.ts'
import { type BenchRow, printRows } from './measure.ts'

const SUITES: Readonly<Record<string, (say: (line: string) => void) => Promise<BenchRow[]>>> = {
  orders: orderRows,
  halts: haltRows,
  drills: drillRows,
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in SUITES))
if (unknown.length > 0) {
  console.error(`No benchmark is called ${unknown.join(', ')}. There are: ${Object.keys(SUITES).join(', ')}.`)
  process.exit(2)
}
const rows: BenchRow[] = []
for (const [name, run] of Object.entries(SUITES)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  rows.push(...(await run((line) => process.stderr.write(`  ${name}: ${line}\n`))))
}
printRows(rows)
process.exit(0)
