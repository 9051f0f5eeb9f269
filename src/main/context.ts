import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { apiClient, type Client } from './client.ts'
import { type Loaded, loadConfig, ownCommand, personalDir, readSecret, type Settings } from './config.ts'
import { faultLine, type Override } from './place.ts'
import { placesIn, readSecretFile, type Places, writeWhole } from './datadir.ts'
import { Stop } from './exit.ts'
import { harmless } from './print.ts'

/** What every command may be told. */
export type GlobalOptions = {
  readonly config?: string
  readonly dataDir?: string
  readonly url?: string
  readonly json?: boolean
}

/** Answers go to standard output, everything else to standard error, so that a pipe gets the answer alone. */
export type Output = {
  readonly json: boolean
  /** The answer: `value` for programs, `words` for people. */
  answer(value: unknown, words: () => string): void
  /** Text as it is, such as CSV. */
  raw(text: string): void
  /** Remarks and progress. */
  say(text: string): void
}
export const outputTo = (
  streams: { readonly stdout: NodeJS.WritableStream; readonly stderr: NodeJS.WritableStream },
  json: boolean,
): Output => ({
  json,
  answer: (value, words) => void streams.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${words()}\n`),
  raw: (text) => void streams.stdout.write(text),
  say: (text) => void streams.stderr.write(`${text}\n`),
})

/** Who a command speaks as. */
export type Speaker =
  | 'agent' // the assistant: proposes
  | 'person' // whoever is signed in on this machine: decides
  | 'anyone' // the signed-in person, else this machine's operator token: reads and stops
  | 'operator' // this machine's operator token
  | 'nobody'

/** One invocation: its settings, its place on the disk, its way to the service. */
export type Context = {
  readonly options: GlobalOptions
  readonly out: Output
  loaded(overrides?: readonly Override[]): Loaded
  settings(): Settings
  places(): Places
  /** @param timeoutMs how long one answer is waited for; as long as the client does when left out. */
  client(speaker: Speaker, timeoutMs?: number): Client
  session: SessionFile
  /** Asks at the terminal; null when there is nobody to ask. */
  confirm(question: string): Promise<boolean | null>
}

export function contextOf(options: GlobalOptions): Context {
  const out = outputTo(process, options.json === true)
  let cached: Loaded | null = null
  const loaded = (overrides: readonly Override[] = []): Loaded => {
    if (cached !== null && overrides.length === 0) return cached
    const all = [
      ...(options.dataDir === undefined ? [] : [{ path: 'dataDir', value: options.dataDir, source: '--data-dir' }]),
      ...overrides,
    ]
    const read = loadConfig({ file: options.config, overrides: all })
    if (!read.ok)
      throw new Stop(
        'CONFIG',
        read.error.length === 1
          ? 'The configuration has a mistake.'
          : `The configuration has ${read.error.length} mistakes.`,
        { lines: read.error.map(faultLine) },
      )
    cached = read.value
    return cached
  }
  const settings = (): Settings => loaded().settings
  const places = (): Places => placesIn(settings().dataDir)
  const url = (): string =>
    options.url ?? addressIn(places()) ?? `http://${hostInUrl(settings().listen.host)}:${settings().listen.port}`
  const session = sessionFile(() => places(), url)
  return {
    options,
    out,
    loaded,
    settings,
    places,
    session,
    client: (speaker, timeoutMs) =>
      apiClient({
        url: url(),
        token: tokenFor(speaker, loaded, places, session),
        ...(timeoutMs !== undefined && { timeoutMs }),
      }),
    async confirm(question) {
      if (!process.stdin.isTTY) return null
      const terminal = createInterface({ input: process.stdin, output: process.stderr })
      try {
        return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
      } finally {
        terminal.close()
      }
    },
  }
}

function tokenFor(speaker: Speaker, loaded: () => Loaded, places: () => Places, session: SessionFile): string | null {
  switch (speaker) {
    case 'nobody':
      return null
    case 'person': {
      const signedIn = session.read()
      if (signedIn !== null) return signedIn.session
      throw new Stop('NOT_ALLOWED', 'This needs a person, and nobody is signed in here.', {
        code: 'NOT_SIGNED_IN',
        lines: [
          `Get a one-time code: ${ownCommand(loaded())} signin-link`,
          `And sign in with it: ${ownCommand(loaded())} login CODE --name YOUR-NAME`,
        ],
      })
    }
    case 'anyone':
      return session.read()?.session ?? operatorToken(places())
    case 'operator':
      return operatorToken(places())
    case 'agent':
      return agentToken(loaded().settings, places())
  }
}

function operatorToken(places: Places): string {
  const token = readSecretFile(places.operatorToken)
  if (token !== null) return token
  throw new Stop('NOT_ALLOWED', `There is no operator token in ${places.dir}.`, {
    code: 'NO_TOKEN',
    lines: [
      'It is made at the first start of the service. Is this the right data directory? (--data-dir, or JAX_EXEC_DATA)',
    ],
  })
}
/** The assistant's token, from where the configuration says or from the data directory. */
export function agentToken(settings: Settings, places: Places): string {
  const ref = settings.access.agentToken
  if (ref !== undefined) {
    const token = readSecret(ref)
    if (token.ok) return token.value
    throw new Stop('CONFIG', `access.agentToken: ${token.error}.`)
  }
  const token = readSecretFile(places.agentToken)
  if (token !== null) return token
  throw new Stop('NOT_ALLOWED', `There is no agent token in ${places.dir}.`, {
    code: 'NO_TOKEN',
    lines: [
      'It is made at the first start of the service. Is this the right data directory? (--data-dir, or JAX_EXEC_DATA)',
    ],
  })
}

// --- where the service is

export type Address = { readonly url: string; readonly pid: number; readonly version: string }
export const writeAddress = (places: Places, address: Address): void =>
  writeWhole(places.address, `${JSON.stringify(address)}\n`)
export const removeAddress = (places: Places): void => rmSync(places.address, { force: true })
function addressIn(places: Places): string | null {
  try {
    const address = JSON.parse(readFileSync(places.address, 'utf8')) as Partial<Address> | null
    return typeof address?.url === 'string' ? address.url : null
  } catch {
    return null
  }
}
/** Links lead to a name: browsers keep no passkeys for a number. */
export const byName = (url: string): string => url.replace('//127.0.0.1:', '//localhost:')
export const hostInUrl = (host: string): string =>
  host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host

// --- who is signed in

export type SignedIn = { readonly url: string; readonly session: string; readonly name: string }
export type SessionFile = { read(): SignedIn | null; write(signedIn: Omit<SignedIn, 'url'>): string; remove(): void }

/** A session belongs to one service: one kept for another address is never sent to this one. */
function sessionFile(places: () => Places, url: () => string): SessionFile {
  const path = (): string => {
    const { dir, session } = places()
    if (isOurs(dir)) return session
    const own = personalDir()
    return join(own, `session-${new URL(url()).host.replace(/[^\w.-]/g, '_')}.json`)
  }
  return {
    read() {
      const text = readSecretFile(path())
      if (text === null) return null
      try {
        const kept = JSON.parse(text) as Partial<SignedIn> | null
        if (
          typeof kept?.session === 'string' &&
          typeof kept.name === 'string' &&
          typeof kept.url === 'string' &&
          sameHost(kept.url, url())
        )
          return kept as SignedIn
      } catch {
        // A file that is no longer ours signs nobody in.
      }
      return null
    },
    write(signedIn) {
      const to = path()
      mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
      writeWhole(to, `${JSON.stringify({ url: url(), ...signedIn })}\n`)
      return to
    },
    remove: () => rmSync(path(), { force: true }),
  }
}
/** The port may change from one start to the next on the same data directory; the machine may not. */
const sameHost = (a: string, b: string): boolean => new URL(a).hostname === new URL(b).hostname
function isOurs(dir: string): boolean {
  const stats = statSync(dir, { throwIfNoEntry: false })
  return stats?.isDirectory() === true && (process.getuid === undefined || stats.uid === process.getuid())
}

/** One line that is redrawn at a terminal, and printed now and then elsewhere. */
export function progress(out: Output, doing: string): { at(done: number, of: number | null): void; end(): void } {
  let last = 0
  return {
    at(done, of) {
      const now = Date.now()
      if (now - last < (process.stderr.isTTY ? 100 : 5000)) return
      last = now
      const text = `${harmless(doing)}: ${done.toLocaleString('en')}${of === null ? '' : ` of ${of.toLocaleString('en')}`}`
      if (process.stderr.isTTY) process.stderr.write(`\r${text} `)
      else out.say(text)
    },
    end() {
      if (process.stderr.isTTY && last > 0) process.stderr.write('\r\u001b[K')
    },
  }
}
