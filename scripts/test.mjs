/**
 * Runs the tests: node scripts/test.mjs [part of a path …] [--name pattern]
 *
 * Three batches, by what a test can touch. Pure rooms cannot reach the world, so their files share one process, which
 * is ten times faster. The rest get a process per file. End-to-end files run last, one at a time: they own ports,
 * processes and a browser.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { run } from 'node:test'
import { inspect, parseArgs, styleText } from 'node:util'
import { complain, ensureWeb, ROOT } from './bootstrap.mjs'
import { ensureBrowser } from './browser.mjs'
import { seed } from './seed.mjs'

const SEED = new URL('./seed.mjs', import.meta.url).href

/** @typedef {{ path: string, passed: number, failed: number, skipped: number, ms: number, output: string, ended: boolean }} FileResult */
/** @typedef {{ path: string, name: string, what: string }} Failure */

const PURE = /^src\/(values|orders|gate|approvals|reconcile|exchange|journal)\//
const E2E = /^test\/e2e\//
const MINUTE = 60_000

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { name: { type: 'string' } },
})

/** @type {Map<string, FileResult>} */
const results = new Map()
/** @type {Failure[]} */
const failures = []
/** @type {Map<string, number>} why a test was skipped → how many were */
const skips = new Map()

/** @param {string | undefined} file @returns {FileResult} */
function resultOf(file) {
  const path = file === undefined ? '(no file)' : relative(ROOT, file).replaceAll('\\', '/')
  let result = results.get(path)
  if (result === undefined) {
    result = { path, passed: 0, failed: 0, skipped: 0, ms: 0, output: '', ended: false }
    results.set(path, result)
  }
  return result
}

/** @param {unknown} error */
function explain(error) {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  // Frames inside Node and the runner say nothing about the test.
  const stack = (cause.stack ?? cause.message)
    .split('\n')
    .filter((line) => !/^\s+at .*(node:internal|node:async_hooks|\(node:)/.test(line))
  const more = cause.cause === undefined ? '' : `\ncaused by ${inspect(cause.cause)}`
  return stack.join('\n').replaceAll(`file://${ROOT}/`, '').replaceAll(`${ROOT}/`, '') + more
}

/** @param {FileResult} result */
function report(result) {
  if (result.ended) return
  result.ended = true
  const ok = result.failed === 0
  const counts = `${result.passed} passed${ok ? '' : `, ${result.failed} failed`}${result.skipped === 0 ? '' : `, ${result.skipped} skipped`}`
  console.log(
    `${ok ? styleText('green', 'ok  ') : styleText('red', 'FAIL')} ${result.path.padEnd(48)} ${counts}  ${result.ms.toFixed(0)} ms`,
  )
}

/** @param {FileResult} result @param {string} name @param {string} what */
function fail(result, name, what) {
  result.failed++
  failures.push({ path: result.path, name, what })
}

/**
 * @param {string} title @param {string[]} files
 * @param {{ isolation: 'none' | 'process', concurrency?: number, timeoutMs: number }} how
 */
async function batch(title, files, how) {
  if (files.length === 0) return
  console.log(styleText('bold', `\n${title}`))
  const stream = run({
    files: files.map((file) => join(ROOT, file)),
    cwd: ROOT,
    isolation: how.isolation,
    ...(how.isolation === 'process'
      ? { concurrency: how.concurrency ?? 1, timeout: how.timeoutMs, execArgv: ['--import', SEED] }
      : {}),
    ...(options.name === undefined ? {} : { testNamePatterns: [options.name] }),
  })
  const failuresBefore = failures.length
  /** @type {Map<string, string[]>} names of the tests and suites around the one that runs */
  const around = new Map()
  for await (const { type, data } of stream) {
    if (type === 'test:start') {
      const names = around.get(data.file ?? '') ?? []
      names.length = data.nesting
      names.push(data.name)
      around.set(data.file ?? '', names)
    } else if (type === 'test:stdout' || type === 'test:stderr') {
      resultOf(data.file).output += data.message
    } else if (type === 'test:diagnostic' && data.message.startsWith('Error: ')) {
      // Something a test left behind threw after the test had ended. In a shared process that fails no test.
      const where = data.file ?? / at (\S+?):\d+:\d+ /.exec(data.message)?.[1]
      fail(resultOf(where === undefined ? undefined : resolve(ROOT, where)), '(after a test ended)', data.message)
    } else if (type === 'test:summary') {
      if (data.file !== undefined) resultOf(data.file).ms = data.duration_ms
      else if (!data.success && failures.length === failuresBefore)
        fail(resultOf(undefined), '(the run)', 'failed without naming a test')
    } else if (type === 'test:pass' || type === 'test:fail') {
      const result = resultOf(data.file)
      const whole = data.file !== undefined && data.name === data.file
      const names = [...(around.get(data.file ?? '') ?? []).slice(0, data.nesting), data.name]
      const name = whole ? '(the file)' : names.join(' › ')
      const details = /** @type {{ type?: string, duration_ms: number, error?: Error & { failureType?: string } }} */ (
        data.details
      )
      if (data.nesting === 0) result.ms = Math.max(result.ms, details.duration_ms)
      if (type === 'test:fail') {
        const todo = data.todo !== undefined && data.todo !== false
        if (details.error?.failureType === 'subtestsFailed') {
          // Counted where it happened.
        } else if (todo) result.skipped++
        else fail(result, name, explain(details.error))
      } else if (whole) {
        if (options.name === undefined) fail(result, name, 'holds no test')
      } else if (data.skip !== undefined && data.skip !== false) {
        result.skipped++
        const why = typeof data.skip === 'string' ? data.skip : 'no reason given'
        skips.set(why, (skips.get(why) ?? 0) + 1)
      } else if (data.todo !== undefined && data.todo !== false) result.skipped++
      else if (details.type !== 'suite') result.passed++
    }
  }
  for (const file of files) report(resultOf(join(ROOT, file)))
}

/** Exactly once, last, whatever happens: the line that machines read. @returns {number} exit code */
function conclude() {
  const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ key) =>
    [...results.values()].reduce((total, result) => total + result[key], 0)
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')]
  for (const { path, name, what } of failures)
    console.log(`\n${styleText('red', 'FAIL')} ${path}: ${name}\n${what.replace(/^/gm, '  ')}`)
  for (const { path, output } of [...results.values()].filter((result) => result.failed > 0 && result.output !== ''))
    console.log(`\nPrinted by ${path}:\n${output.trimEnd().replace(/^/gm, '  ')}`)
  for (const [why, count] of skips) console.log(`\nskipped ${count}: ${why}`)
  if (passed + failed === 0) console.log('\nNo test ran.')
  console.log(`\n${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`)
  return failed > 0 || passed === 0 ? 1 : 0
}

async function main() {
  const all = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: ROOT }).map((path) =>
    path.replaceAll('\\', '/'),
  )
  const files = all.filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part))).sort()
  const pure = files.filter((path) => PURE.test(path))
  const e2e = files.filter((path) => E2E.test(path))
  const rest = files.filter((path) => !PURE.test(path) && !E2E.test(path))
  console.log(`Seed ${seed}: JAX_SEED=${seed} npm test runs the same cases again.`)
  if (files.length === 0)
    console.log(wanted.length === 0 ? 'There are no test files.' : `No test file matches ${wanted.join(' or ')}.`)

  await batch('Pure rooms', pure, { isolation: 'none', timeoutMs: MINUTE })
  await batch('Rooms with a world, and the house itself', rest, {
    isolation: 'process',
    concurrency: Math.min(availableParallelism(), 4),
    timeoutMs: 6 * MINUTE,
  })
  if (e2e.length === 0) return
  await ensureWeb()
  if (
    e2e.some((path) => existsSync(join(ROOT, path)) && readFileSync(join(ROOT, path), 'utf8').includes('browser.mjs'))
  ) {
    const browser = ensureBrowser()
    if ('missing' in browser) console.log(`\nBrowser tests will be skipped: ${browser.missing}.`)
    else process.env['JAX_CHROMIUM'] = browser.path
  }
  await batch('End to end', e2e, { isolation: 'process', concurrency: 1, timeoutMs: 20 * MINUTE })
}

let concluded = false
// A test in the shared process that calls process.exit must not look like success.
process.on('exit', () => {
  if (concluded) return
  fail(resultOf(undefined), '(the run)', 'the process ended before all tests did')
  process.exitCode = conclude()
})
main()
  .catch((error) => {
    complain(error)
    fail(resultOf(undefined), '(the run)', explain(error))
  })
  .finally(() => {
    concluded = true
    process.exit(conclude())
  })
