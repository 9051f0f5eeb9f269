/** Finds the Chromium that the end-to-end tests drive; on a Debian machine where we are root, installs it. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge']
const PLACES = [
  '/usr/bin/chromium',
  '/snap/bin/chromium',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
]

/** Chromium refuses to start as root with its sandbox, and containers give it a tiny /dev/shm. */
export const BROWSER_ARGS =
  process.getuid?.() === 0 ? ['--no-sandbox', '--disable-dev-shm-usage'] : ['--disable-dev-shm-usage']

/** @param {string} path */
function runs(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** @returns {string | undefined} the path of a Chromium; JAX_CHROMIUM wins */
export function findBrowser() {
  const named = process.env['JAX_CHROMIUM']
  if (named !== undefined && named !== '') return runs(named) ? named : undefined
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  return [...onPath, ...PLACES].find(runs)
}

/**
 * The same, installing it when it is missing and that can be done without asking anybody.
 * @returns {{ path: string } | { missing: string }}
 */
export function ensureBrowser() {
  const found = findBrowser()
  if (found !== undefined) return { path: found }
  const named = process.env['JAX_CHROMIUM']
  if (named !== undefined && named !== '')
    return { missing: `JAX_CHROMIUM names ${named}, which is not there or not executable` }
  const advice = 'install Chromium or Chrome, or set JAX_CHROMIUM to its path'
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return { missing: `no Chromium found; ${advice}` }
  if (process.env['JAX_INSTALL_BROWSER'] === '0')
    return { missing: `no Chromium found, and JAX_INSTALL_BROWSER=0 forbids installing it; ${advice}` }
  process.stdout.write('No Chromium found; installing it with apt-get (JAX_INSTALL_BROWSER=0 prevents this) …\n')
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    const tried = spawnSync('apt-get', args, {
      encoding: 'utf8',
      timeout: 300_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    if (tried.status !== 0)
      return {
        missing: `"apt-get ${args[0]}" failed (${tried.error?.message ?? tried.stderr.trim().split('\n').at(-1)}); ${advice}`,
      }
  }
  const now = findBrowser()
  return now === undefined ? { missing: `apt-get installed no Chromium we can find; ${advice}` } : { path: now }
}
