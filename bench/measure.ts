export type Run = { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number }

/** Runs `total` tasks with `inFlight` at once and takes each one's time. */
export async function throughput(total: number, inFlight: number, task: () => Promise<void>): Promise<Run> {
  const took: number[] = []
  let next = 0
  const start = process.hrtime.bigint()
  async function hand(): Promise<void> {
    while (next < total) {
      next++
      const from = process.hrtime.bigint()
      await task()
      took.push(Number(process.hrtime.bigint() - from) / 1e6)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, hand))
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  return { perSecond: total / seconds, p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99) }
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export type BenchRow = {
  readonly work: string
  readonly beside: string
  readonly measured: string
  readonly base: string
  readonly ratio: string
  readonly target: string
  readonly met: boolean
}

export function printRows(rows: readonly BenchRow[]): void {
  const head: BenchRow = {
    work: 'work',
    beside: 'beside',
    measured: 'measured',
    base: 'base',
    ratio: 'ratio',
    target: 'target',
    met: true,
  }
  const columns = ['work', 'beside', 'measured', 'base', 'ratio', 'target'] as const
  const width = columns.map((column) => Math.max(...[head, ...rows].map((row) => row[column].length)))
  const line = (row: BenchRow, mark: string) =>
    `${columns.map((column, i) => row[column].padEnd(width[i] ?? 0)).join('  ')}  ${mark}`
  console.log(line(head, ''))
  for (const row of rows) console.log(line(row, row.target === '—' ? '' : row.met ? 'met' : 'NOT MET'))
}
