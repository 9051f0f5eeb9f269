// The one schema of the configuration file, and the only place where the process's environment is read.
import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { type Document, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { endpointsOf } from '../brokers/alpaca/hosts.ts'
import type { LimitName, LimitSettings } from '../gate/limits.ts'
import { type Policy, UNLIMITED } from '../gate/policy.ts'
import type { AccountID } from '../values/brand.ts'
import { type Amt, dec, type Decimal } from '../values/decimal.ts'
import { err, ok, type Result } from '../values/result.ts'
import {
  CHANNEL_ABOUT,
  CHANNEL_SECTIONS,
  channelFaults,
  channels,
  channelSecrets,
  type ChannelSettings,
  channelsOf,
} from './channel-settings.ts'
import { didYouMean } from './nearest.ts'
import { OIDC_ABOUT, oidc, oidcFaults, oidcOf, type SignInSettings } from './sign-in-settings.ts'
import {
  at,
  type ConfigFault,
  dropEmpty,
  inOrder,
  type Override,
  setPath,
  valueAt,
  type Where,
  whereIs,
  yamlWords,
} from './place.ts'
import {
  ABOUT,
  type About,
  choice,
  decimal,
  filled,
  host,
  hostNames,
  LOOPBACK,
  optional,
  secret,
  type SecretRef,
  setting,
  shareOrNone,
  whole,
  yesNo,
} from './setting.ts'
import { watch, WATCH_ABOUT } from './watch-settings.ts'

/** Where the program itself stands: a clone, or a folder that a package manager made. */
export const INSTALLATION = resolve(import.meta.dirname, '..', '..')
/** A package manager replaces its folders whenever it likes: nothing of the user's may live there. */
const INSTALLED_BY_PACKAGE_MANAGER = INSTALLATION.split(/[\\/]/).includes('node_modules')
/**
 * How this program is called here, for lines that are meant to be pasted into another terminal. It names the
 * configuration and the data directory where a bare call would take others: a pasted `halt` stops what printed it.
 */
export function ownCommand({ file, effective, settings }: Loaded): string {
  const from = effective.find((setting) => setting.path === 'dataDir')?.source ?? 'default'
  const found = from === 'default' || (file !== null && from.startsWith(file))
  return [
    programName(),
    ...(file === null || file === standardFile() ? [] : ['--config', inShell(file)]),
    ...(found ? [] : ['--data-dir', inShell(settings.dataDir)]),
  ].join(' ')
}
/** The same from any folder of this machine, for lines that stand on paper: it names the data directory whatever follows. */
export function absoluteCommand({ dataDir: dir }: Pick<Settings, 'dataDir'>, file: string | null): string {
  return [
    INSTALLED_BY_PACKAGE_MANAGER ? 'jax-exec' : inShell(join(INSTALLATION, 'bin', 'jax-exec.mjs')),
    ...(file === null ? [] : ['--config', inShell(file)]),
    '--data-dir',
    inShell(dir),
  ].join(' ')
}
/** How this program is called here, from the current folder. */
export function programName(): string {
  if (INSTALLED_BY_PACKAGE_MANAGER) return 'jax-exec'
  const bin = join(INSTALLATION, 'bin', 'jax-exec.mjs')
  const near = relative(process.cwd(), bin)
  return inShell(near.startsWith('..') ? bin : join('.', near).replace(/^(?!\.)/, './'))
}
/** A path as a shell reads it back. */
export const inShell = (path: string): string =>
  /^[\w@%+=:,./\\-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
const FILE_NAME = 'jax-exec.yaml'

// --- what the settings are made of

export type Market = { readonly kind: 'seeded' } | { readonly kind: 'replay'; readonly file: string }
const market = filled.transform((value, ctx): Market => {
  if (value === 'seeded') return { kind: 'seeded' }
  const m = /^replay:(.+)$/.exec(value)
  if (m?.[1] !== undefined) return { kind: 'replay', file: m[1] }
  ctx.addIssue(`is ${JSON.stringify(value)}; it can be seeded, or replay:FILE with a file of one-minute bars`)
  return z.NEVER
})

const speed = filled.transform((value, ctx): number => {
  const n = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN
  if (n >= 1 && n <= 3600) return n
  ctx.addIssue(`is ${JSON.stringify(value)}; it must be a number from 1 to 3600`)
  return z.NEVER
})

/** Scheme, host and port alone: the pages stand at the root. */
const origin = filled.transform((value, ctx): string => {
  const url = /^https?:\/\/[A-Za-z0-9.[\]:-]+\/?$/.test(value) ? URL.parse(value) : null
  if (url !== null) return url.origin
  ctx.addIssue('is not an address such as https://jax.example: scheme, host and perhaps a port, nothing behind them')
  return z.NEVER
})

// --- the settings

const listen = z.strictObject({
  host: setting(host, { default: '127.0.0.1', meaning: 'Address that the HTTP API and the dashboard listen on.' }),
  port: setting(whole(0, 65_535), { default: '7070', meaning: 'TCP port. 0 takes any free one and prints it.' }),
  exposed: setting(yesNo, {
    default: 'no',
    meaning:
      'Allows a `host` other than this machine itself. The service speaks plain HTTP: put a proxy with TLS before it.',
  }),
  names: optional(hostNames, {
    unit: 'host names, blanks between',
    meaning:
      'Further names that browsers reach the service by, such as the one of the proxy before it. Every other name is refused.',
  }),
  https: setting(yesNo, {
    default: 'no',
    meaning: 'Say yes when a proxy serves it over TLS: cookies are then sent over TLS only.',
  }),
  publicUrl: optional(origin, {
    meaning:
      'Address of the pages for links in Slack, Teams and notices, such as `https://jax.example`; its host name need not stand in `names`. Without it the address that the service listens on.',
  }),
})

const account = z.strictObject({
  name: setting(filled.regex(/^[a-z0-9][a-z0-9-]{0,19}$/, 'may hold 1 to 20 of a-z, 0-9 and -'), {
    default: 'main',
    meaning: 'Our name for the account. With environment and broker it makes the account id, `paper:sim:main`.',
  }),
  environment: setting(choice(['paper', 'live']), {
    default: 'paper',
    meaning: '`paper` is play money. `live` needs `promotedFrom`, and a stage that people promoted it to.',
  }),
  promotedFrom: optional(filled, {
    meaning:
      'With `live`: the data directory of the paper account that people promoted to stage S2. Its journal is verified, and read once, when the live account is opened; see docs/rollout.md.',
  }),
  firstStage: setting(choice(['S0', 'S1']), {
    default: 'S1',
    meaning:
      'Where a paper account begins. `S0` is for the built-in broker alone: nothing is sent to anybody until people promote it.',
  }),
  broker: setting(choice(['sim', 'alpaca']), {
    default: 'sim',
    meaning:
      'The broker that holds the account. `sim` is built in and needs no key; `alpaca` needs the two keys of a paper account there, see docs/brokers/alpaca.md.',
  }),
})

const alpacaUrl = filled.transform((value, ctx): string => {
  const endpoints = endpointsOf('paper', value)
  if (endpoints.ok) return value
  ctx.addIssue(`cannot be used: ${endpoints.error}. Leave it out to trade at Alpaca itself`)
  return z.NEVER
})

const alpaca = z.strictObject({
  keyID: optional(secret, {
    meaning: 'The key id of a paper account, as `file:PATH` or `env:NAME`. Needed with `account.broker: alpaca`.',
  }),
  secretKey: optional(secret, {
    meaning: 'The secret key that belongs to it, as `file:PATH` or `env:NAME`. Needed with `account.broker: alpaca`.',
  }),
  url: optional(alpacaUrl, {
    meaning:
      'Another address than Alpaca’s own: only `http` on this machine, only on paper. For the simulator, see `jax-exec simulate alpaca`.',
  }),
  requestsPerMinute: setting(whole(30, 1000), {
    default: '150',
    unit: 'requests a minute',
    meaning:
      'How often Alpaca is asked at most, with some kept back for cancels and exits. An ordinary account may ask 200 times.',
  }),
})

const sim = z.strictObject({
  seed: setting(whole(0, 2 ** 31 - 1), { default: '7', meaning: 'The seeded market is the same for the same seed.' }),
  market: setting(market, {
    default: 'seeded',
    meaning:
      'Where prices come from: `seeded`, or `replay:FILE` with recorded one-minute bars (CSV with the columns date, open, high, low, close, volume).',
  }),
  speed: setting(speed, {
    default: '1',
    unit: 'market seconds per second',
    meaning:
      'How fast the market runs. Every duration of the policy is multiplied by it, so that people keep their time to decide.',
  }),
  hours: setting(choice(['always', 'regular']), {
    default: 'always',
    meaning: '`regular` opens stocks from 9:30 to 16:00 New York time on weekdays; `always` keeps every market open.',
  }),
  nativeBracket: setting(yesNo, {
    default: 'yes',
    meaning:
      'Whether the broker takes stop and target together with the entry. With `no` the gateway places them itself after the fill.',
  }),
  initialCash: setting(decimal<Amt>({ most: '1000000000' }), {
    default: '100000.00',
    unit: 'account currency',
    meaning: 'Cash when the account is opened.',
  }),
  currency: setting(filled.regex(/^[A-Z]{3}$/, 'must be a currency code of three capital letters, such as USD'), {
    default: 'USD',
    meaning: 'Currency of the account.',
  }),
})

const milliseconds = (from: number, to: number, about: { default: string; meaning: string }) =>
  setting(whole(from, to), { ...about, unit: 'milliseconds' })

/** People set the limits, on the page Limits or by `jax-exec limits`; a file of this machine is no way around them. */
const TIGHTENS = 'It can only tighten the risk limits of the account: see docs/limits.md.'

const policy = z.strictObject({
  riskPerTrade: setting(decimal<Decimal>({ most: '0.1' }), {
    default: '0.01',
    unit: 'share of equity',
    meaning:
      'How much may be lost between entry and stop: 0.01 is one percent. The size of every order follows from it.',
  }),
  maxOrderNotional: optional(decimal<Amt>({}), {
    unit: 'account currency',
    meaning: `The most that one order may cost. ${TIGHTENS}`,
  }),
  maxPositionNotional: optional(decimal<Amt>({}), {
    unit: 'account currency',
    meaning: `The most that one symbol may be worth, position and open orders together. ${TIGHTENS}`,
  }),
  buyingPowerBuffer: optional(shareOrNone, {
    unit: 'share of buying power',
    meaning: `The part of the buying power that is never used. ${TIGHTENS}`,
  }),
  collarBps: optional(whole(1, 5000), {
    unit: 'basis points',
    meaning: `How far an entry may be from the market. ${TIGHTENS}`,
  }),
  maxDriftBps: setting(whole(1, 5000), {
    default: '50',
    unit: 'basis points',
    meaning: 'How far the market may move after a person has seen the order, before a person must look again.',
  }),
  stopLimitSlackBps: setting(whole(0, 5000), {
    default: '500',
    unit: 'basis points',
    meaning:
      'For what a broker takes no plain stop, as crypto at Alpaca: how far beyond the stop its limit lies. Within that distance it sells or buys at any price; a market that jumps further leaves the position open.',
  }),
  quoteAgeMaxMs: milliseconds(100, 3_600_000, {
    default: '5000',
    meaning: 'The oldest quote that an order may be checked against.',
  }),
  accountAgeMaxMs: milliseconds(100, 3_600_000, {
    default: '30000',
    meaning: 'The oldest account reading that an order may be checked against.',
  }),
  duplicateWindowMs: milliseconds(0, 86_400_000, {
    default: '60000',
    meaning: 'A second intent for the same symbol and side within this time is refused as a duplicate.',
  }),
  reentryAfterMs: milliseconds(0, 86_400_000, {
    default: '300000',
    meaning: 'For how long nothing is opened in a symbol after its trading went on again from a halt.',
  }),
  namedModel: setting(choice(['live', 'always']), {
    default: 'live',
    meaning:
      'Where an agent must say what decided its order: model, version and run. A live account always asks; `always` asks on paper too.',
  }),
  explicitQty: setting(choice(['exact', 'not-larger']), {
    default: 'exact',
    meaning: 'What the quantity of an explicit order must be, compared with the computed size.',
  }),
  allowShort: optional(yesNo, { meaning: `Whether a sell may open or enlarge a short position. ${TIGHTENS}` }),
  approvalTtlMs: milliseconds(1000, 86_400_000, {
    default: '300000',
    meaning: 'How long a person has to decide. After that the intent lapses.',
  }),
  executionTtlMs: milliseconds(1000, 3_600_000, {
    default: '30000',
    meaning: 'How long an approval may wait for its send. After that a person must look again.',
  }),
})

const audit = z.strictObject({
  anchorsFile: optional(filled, {
    meaning:
      'File that each signed checkpoint of the journal is also written to. Without it `anchors.jsonl` in the data directory; a file of another user or on another disk proves more.',
  }),
  key: optional(secret, {
    meaning:
      'Ed25519 private key (PEM) that signs the checkpoints, as `file:PATH` or `env:NAME`. Without it a key is made in the data directory.',
  }),
})

const access = z.strictObject({
  agentToken: optional(secret, {
    meaning:
      'Token that the assistant sends its signals with, as `file:PATH` or `env:NAME`. Without it one is made in the data directory, in the file `agent-token`.',
  }),
  idleMinutes: optional(whole(1, 720), {
    unit: 'minutes',
    meaning:
      'How long nobody may use a session of the page before it is over; every session is over after twelve hours. Without it 720 on paper and 15 on a live account.',
  }),
})
const IDLE_MINUTES: Readonly<Record<'paper' | 'live', number>> = { paper: 720, live: 15 }

/** Read aloud and printed, so it has to fit on a line or two of paper. */
const said = filled.max(200, 'may have 200 characters')

const emergency = z.strictObject({
  page: optional(yesNo, {
    meaning:
      'Whether the page `/emergency` may be seen without signing in, and trading halted there, on this machine itself. Without it `no` where a proxy stands before the service (`listen.https`, `names`, `publicUrl` or `exposed`), since through a proxy everybody seems to be on this machine; else `yes`.',
  }),
  phone: optional(said, { meaning: 'Number of the broker’s phone desk, from your account’s own page.' }),
  secondPhone: optional(said, { meaning: 'Another number, for when the first does not answer.' }),
  hours: optional(said, { meaning: 'When the desk answers, with the time zone.' }),
  accountNumber: optional(said, { meaning: 'The account’s number there, as it is said on the telephone.' }),
  does: optional(said, { meaning: 'What the desk will do, and for which fee, as it said itself.' }),
  note: optional(said, {
    meaning: 'What else a caller must know. Never the identification phrase: write on the paper where that is kept.',
  }),
})

const log = z.strictObject({
  level: setting(choice(['debug', 'info', 'warn', 'error']), {
    default: 'info',
    meaning: 'What is written to `jax-exec.log` in the data directory.',
  }),
})

/** Sections in the order in which they are documented. */
const SECTIONS = {
  listen,
  account,
  alpaca,
  sim,
  policy,
  watch,
  'channels.slack': CHANNEL_SECTIONS.slack,
  'channels.teams': CHANNEL_SECTIONS.teams,
  'channels.webhook': CHANNEL_SECTIONS.webhook,
  'channels.testEndpoints': CHANNEL_SECTIONS.testEndpoints,
  audit,
  access,
  'access.oidc': oidc,
  emergency,
  log,
} as const
const SECTION_ABOUT: Readonly<Record<keyof typeof SECTIONS, string>> = {
  listen: 'Where the service listens.',
  account: 'The account that is traded.',
  alpaca: 'The paper account at Alpaca, when `account.broker` is `alpaca`.',
  sim: 'The built-in simulated broker and its market, when `account.broker` is `sim`.',
  policy: 'The rules of the account. An order that breaks one is refused, with the numbers compared.',
  watch: WATCH_ABOUT,
  'channels.slack': CHANNEL_ABOUT.slack,
  'channels.teams': CHANNEL_ABOUT.teams,
  'channels.webhook': CHANNEL_ABOUT.webhook,
  'channels.testEndpoints': CHANNEL_ABOUT.testEndpoints,
  audit: 'The signed, hash-chained journal.',
  access: 'Tokens given from outside, and the sessions of people.',
  'access.oidc': OIDC_ABOUT,
  emergency:
    'The phone sheet of the broker, for the page `/emergency` and `jax-exec emergency`; print it before the first live order.',
  log: 'The log for operators. The journal is not affected.',
}

const dataDir = optional(filled, {
  meaning:
    'Folder that holds the database, the keys, the tokens and the log. Without it: `data` beside the program in a clone, `~/.local/state/jax-execution` when installed as a package.',
})

const SCHEMA = z.strictObject({
  dataDir,
  listen: listen.prefault({}),
  account: account.prefault({}),
  alpaca: alpaca.prefault({}),
  sim: sim.prefault({}),
  policy: policy.prefault({}),
  watch: watch.prefault({}),
  channels: channels.prefault({}),
  audit: audit.prefault({}),
  access: access.extend({ oidc: oidc.prefault({}) }).prefault({}),
  emergency: emergency.prefault({}),
  log: log.prefault({}),
})
type Parsed = z.output<typeof SCHEMA>

/** The settings as the program uses them: every path absolute, every default filled in. */
export type Settings = Omit<Parsed, 'dataDir' | 'audit' | 'channels' | 'access' | 'emergency'> & {
  readonly dataDir: string
  readonly emergency: Omit<Parsed['emergency'], 'page'> & { readonly page: boolean }
  readonly channels: ChannelSettings
  readonly audit: { readonly anchorsFile: string; readonly key: SecretRef | undefined }
  readonly access: {
    readonly agentToken: SecretRef | undefined
    readonly idleMinutes: number
    readonly oidc: SignInSettings
  }
}

/** Everything configurable, as data: for the documentation, and for suggestions when a name is mistyped. */
export type SettingInfo = About & { readonly path: string; readonly section: string | null }
export function settingInfos(): readonly SettingInfo[] {
  const infos: SettingInfo[] = [{ path: 'dataDir', section: null, ...ABOUT.get(dataDir)! }]
  for (const [section, group] of Object.entries(SECTIONS))
    for (const [name, type] of Object.entries(group.shape))
      infos.push({ path: `${section}.${name}`, section, ...ABOUT.get(type as z.ZodType)! })
  return infos
}
export const sectionInfos = (): readonly { readonly section: string; readonly meaning: string }[] =>
  Object.entries(SECTION_ABOUT).map(([section, meaning]) => ({ section, meaning }))

// --- reading

/** One effective setting and where it comes from, secrets masked. */
export type Effective = {
  readonly path: string
  readonly value: string
  readonly unit: string | null
  readonly source: string
  readonly meaning: string
}

export type Loaded = {
  readonly settings: Settings
  readonly effective: readonly Effective[]
  readonly file: string | null
}

/**
 * Reads the configuration: the file (`file`, else `JAX_EXEC_CONFIG`, else `jax-exec.yaml` beside the program), then the
 * overrides. Without any file the defaults hold. Every mistake comes back at once, with line and column.
 */
export function loadConfig(ask: {
  readonly file?: string | undefined
  readonly overrides?: readonly Override[]
}): Result<Loaded, readonly ConfigFault[]> {
  const file = ask.file === undefined ? defaultFile() : resolve(ask.file)
  let source = ''
  if (file !== null) {
    try {
      source = readFileSync(file, 'utf8')
    } catch (error) {
      return err([
        {
          source: file,
          line: null,
          column: null,
          message: `the configuration file cannot be read: ${(error as Error).message}`,
        },
      ])
    }
  }
  return parseConfig(source, file, ask.overrides ?? [])
}

/** As `loadConfig`, on text that is at hand. Relative paths are read from the folder of `file`. */
export function parseConfig(
  source: string,
  file: string | null,
  overrides: readonly Override[],
): Result<Loaded, readonly ConfigFault[]> {
  const name = file ?? '(no file)'
  const lines = new LineCounter()
  const document = parseDocument(source, { schema: 'failsafe', lineCounter: lines, prettyErrors: false })
  const troubles = [...document.errors, ...document.warnings]
  if (troubles.length > 0)
    return err(troubles.map((t) => ({ source: name, ...at(lines, t.pos[0]), message: yamlWords(t.code, t.message) })))
  const tree: unknown = document.toJS({ mapAsMap: false }) ?? {}
  if (typeof tree !== 'object' || Array.isArray(tree))
    return err([{ source: name, line: 1, column: 1, message: `must be settings, one "name: value" a line` }])

  const given = tree as Record<string, unknown>
  for (const section of [...Object.keys(SECTIONS), 'channels']) dropEmpty(given, section.split('.'))
  const outside = new Map<string, Override>()
  for (const override of [...environmentOverrides(), ...overrides]) {
    setPath(given, override.path.split('.'), override.value)
    outside.set(override.path, override)
  }

  const parsed = SCHEMA.safeParse(given)
  if (!parsed.success)
    return err(inOrder(parsed.error.issues.flatMap((issue) => faultsOf(issue, given, document, lines, name, outside))))
  const where: Where = (path) => whereIs(path, document, lines, name, outside, false)
  const together = [
    ...exposureFaults(parsed.data, where),
    ...keyFaults(parsed.data, where),
    ...stageFaults(parsed.data, where),
    ...[
      ...channelFaults(parsed.data.channels, parsed.data.account.environment),
      ...oidcFaults(parsed.data.access.oidc, { ...parsed.data.listen, ...parsed.data.account }),
    ].map(({ path, message }) => ({ ...where(path), message })),
  ]
  if (together.length > 0) return err(inOrder(together))

  const base = file === null ? null : dirname(file)
  const settings = settled(parsed.data, base)
  return ok({ settings, effective: explain(settings, given, document, lines, name, outside), file })
}

function settled(parsed: Parsed, base: string | null): Settings {
  const from = (path: string): string => resolve(base ?? process.cwd(), path)
  const dir = parsed.dataDir === undefined ? defaultDataDir() : from(parsed.dataDir)
  const market: Market =
    parsed.sim.market.kind === 'replay' ? { kind: 'replay', file: from(parsed.sim.market.file) } : parsed.sim.market
  const located = <T extends SecretRef | undefined>(ref: T): T | SecretRef =>
    ref?.kind === 'file' ? { kind: 'file', name: from(ref.name) } : ref
  return {
    ...parsed,
    dataDir: dir,
    account: {
      ...parsed.account,
      promotedFrom: parsed.account.promotedFrom === undefined ? undefined : from(parsed.account.promotedFrom),
    },
    sim: { ...parsed.sim, market },
    audit: {
      anchorsFile: parsed.audit.anchorsFile === undefined ? join(dir, 'anchors.jsonl') : from(parsed.audit.anchorsFile),
      key: located(parsed.audit.key),
    },
    access: {
      agentToken: located(parsed.access.agentToken),
      idleMinutes: parsed.access.idleMinutes ?? IDLE_MINUTES[parsed.account.environment],
      oidc: oidcOf(parsed.access.oidc, located),
    },
    channels: channelsOf(parsed.channels, located),
    emergency: { ...parsed.emergency, page: parsed.emergency.page ?? !isBehindProxy(parsed.listen) },
    alpaca: {
      ...parsed.alpaca,
      keyID: located(parsed.alpaca.keyID),
      secretKey: located(parsed.alpaca.secretKey),
    },
  }
}

/** Whether something stands before the service that makes everybody look as if they were on this machine. */
export const isBehindProxy = ({ https, names, publicUrl, exposed }: Parsed['listen']): boolean =>
  https ||
  exposed ||
  names !== undefined ||
  (publicUrl !== undefined && !LOOPBACK.test(new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')))

function faultsOf(
  issue: z.core.$ZodIssue,
  given: Record<string, unknown>,
  document: Document,
  lines: LineCounter,
  name: string,
  outside: ReadonlyMap<string, Override>,
): ConfigFault[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(groupAt(path))
    return issue.keys.map((key) => ({
      ...whereIs([...path, key], document, lines, name, outside, true),
      message: `${[...path, key].join('.')} is not a setting${didYouMean(key, known)}${elsewhere(key, path)}`,
    }))
  }
  const where = whereIs(path, document, lines, name, outside, false)
  const label = path.join('.')
  if (issue.code === 'invalid_type' && issue.expected === 'object') {
    const shown = valueAt(given, path)
    return [
      {
        ...where,
        message: `${label} is ${JSON.stringify(shown)}; it is a group of settings, one "name: value" a line, indented below it`,
      },
    ]
  }
  return [{ ...where, message: `${label} ${issue.message}` }]
}

/** The settings, and groups of them, that may stand below `path`. */
function groupAt(path: readonly string[]): object {
  if (path.length === 0) return SCHEMA.shape
  if (path.join('.') === 'channels') return CHANNEL_SECTIONS
  if (path.join('.') === 'access') return { ...access.shape, oidc }
  return SECTIONS[path.join('.') as keyof typeof SECTIONS]?.shape ?? {}
}

/** A setting that exists, but in another group, is the second most common mistake. */
function elsewhere(key: string, path: readonly string[]): string {
  const there = settingInfos().find(
    (info) => info.path.split('.').at(-1) === key && info.path !== [...path, key].join('.'),
  )
  return there === undefined ? '' : `; ${there.path} is`
}

/** A live account is opened by what people agreed to on paper; a shadow has nobody to send to. */
function stageFaults({ account: a, alpaca: { url } }: Parsed, where: Where): ConfigFault[] {
  const said = `account.environment is ${a.environment}`
  const fault = (path: string, message: string): ConfigFault => ({ ...where(path.split('.')), message })
  if (a.environment === 'live')
    return [
      ...(a.broker === 'sim'
        ? [fault('account.environment', `${said}, and the built-in broker deals in play money. Set it to paper`)]
        : []),
      ...(a.broker !== 'sim' && a.promotedFrom === undefined
        ? [
            fault(
              'account.environment',
              `${said}, and account.promotedFrom is not set: name the data directory of the paper account that people promoted to stage S2, or set it to paper. See docs/rollout.md`,
            ),
          ]
        : []),
      ...(url === undefined ? [] : [fault('alpaca.url', `alpaca.url is set, and ${said}: take it out`)]),
    ]
  return [
    ...(a.promotedFrom === undefined
      ? []
      : [fault('account.promotedFrom', `account.promotedFrom is for a live account, and ${said}: take it out`)]),
    ...(a.firstStage === 'S0' && a.broker !== 'sim'
      ? [
          fault(
            'account.firstStage',
            `account.firstStage is S0, in which nothing is sent to a broker, and account.broker is ${a.broker}: take it out, or set the broker to sim`,
          ),
        ]
      : []),
  ]
}

function exposureFaults(parsed: Parsed, where: Where): ConfigFault[] {
  const { host: wanted, exposed, https, publicUrl } = parsed.listen
  if (publicUrl?.startsWith('https:') === true && !https) {
    const message =
      'listen.publicUrl is https, and listen.https is no: pages that are reached over TLS need it. Set listen.https: yes'
    return [{ ...where(['listen', 'publicUrl']), message }]
  }
  if (exposed || LOOPBACK.test(wanted)) return []
  const message = `listen.host is ${wanted}, which other machines can reach over plain HTTP. Use 127.0.0.1, or put a proxy with TLS before it and set listen.exposed: yes`
  return [{ ...where(['listen', 'host']), message }]
}

/** A broker without keys is a mistake of the file; whether the keys are there and good is asked at the start. */
function keyFaults(parsed: Parsed, where: Where): ConfigFault[] {
  if (parsed.account.broker !== 'alpaca') return []
  const { keyID, secretKey } = parsed.alpaca
  const missing = [...(keyID ? [] : ['alpaca.keyID']), ...(secretKey ? [] : ['alpaca.secretKey'])]
  if (missing.length > 0) {
    const message = `account.broker is alpaca, and ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set. Make the keys of a paper account at Alpaca, put each into a file of your own (chmod 600) and name it as file:PATH (or env:NAME). To try it without an account: jax-exec simulate alpaca`
    return [{ ...where(['account', 'broker']), message }]
  }
  if (keyID?.kind !== secretKey?.kind || keyID?.name !== secretKey?.name) return []
  return [{ ...where(['alpaca', 'secretKey']), message: 'alpaca.secretKey names the same place as alpaca.keyID' }]
}

function explain(
  settings: Settings,
  given: Record<string, unknown>,
  document: Document,
  lines: LineCounter,
  name: string,
  outside: ReadonlyMap<string, Override>,
): Effective[] {
  return settingInfos().map((info) => {
    const path = info.path.split('.')
    const raw = valueAt(given, path)
    const where = whereIs(path, document, lines, name, outside, false)
    const source = outside.get(info.path)?.source ?? (raw === undefined ? 'default' : `${name}:${where.line ?? '?'}`)
    const value = typeof raw === 'string' ? raw : (info.default ?? standIn(info.path, settings))
    const ref = valueAt(settings, path)
    return {
      path: info.path,
      value: isSecretRef(ref) ? masked(ref) : value,
      unit: info.unit,
      source,
      meaning: info.meaning,
    }
  })
}
/** What an absent setting without a fixed default turns into. */
function standIn(path: string, settings: Settings): string {
  if (path === 'dataDir') return settings.dataDir
  if (path === 'audit.anchorsFile') return settings.audit.anchorsFile
  if (path === 'access.idleMinutes') return String(settings.access.idleMinutes)
  if (path === 'emergency.page') return settings.emergency.page ? 'yes' : 'no'
  if (path.startsWith('emergency.')) return '(fill in at set-up)'
  if (path === 'listen.names') return '(this machine)'
  if (path === 'listen.publicUrl') return '(where it listens)'
  if (path === 'access.oidc.name' && settings.access.oidc !== null) return settings.access.oidc.name
  if (path.startsWith('channels.') || path.startsWith('access.oidc.')) return '(none)'
  if (path === 'alpaca.url') return '(Alpaca itself)'
  if (path.startsWith('alpaca.')) return '(none)'
  if (path.startsWith('watch.')) return '(as a rule)'
  return '(made in the data directory)'
}
const isSecretRef = (value: unknown): value is SecretRef =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  (value.kind === 'file' || value.kind === 'env') &&
  'name' in value

// --- secrets and environment

/** The secret that a reference points to, without the newline that editors add. The error never repeats it. */
export function readSecret(ref: SecretRef): Result<string, string> {
  if (ref.kind === 'env') {
    const value = process.env[ref.name]
    return value === undefined || value === ''
      ? err(`the environment variable ${ref.name} is not set`)
      : ok(value.trim())
  }
  try {
    const value = readFileSync(ref.name, 'utf8').trim()
    return value === '' ? err(`${ref.name} is empty`) : ok(value)
  } catch (error) {
    const code = (error as { code?: string }).code ?? ''
    return err(`${ref.name} ${UNREADABLE[code] ?? `cannot be read: ${(error as Error).message}`}`)
  }
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a folder',
}

/** The keys of the account at Alpaca. The error never repeats them. */
export function alpacaKeys({ alpaca: { keyID, secretKey } }: Settings): Result<AlpacaKeys, string> {
  const id = keyID === undefined ? err('it is not set') : brokerKey(keyID)
  if (!id.ok) return err(`alpaca.keyID: ${id.error}`)
  const secretly = secretKey === undefined ? err('it is not set') : brokerKey(secretKey)
  return secretly.ok ? ok({ keyID: id.value, secretKey: secretly.value }) : err(`alpaca.secretKey: ${secretly.error}`)
}
export type AlpacaKeys = { readonly keyID: string; readonly secretKey: string }

/** Keys travel in HTTP headers, where nothing but visible ASCII may stand. */
function brokerKey(ref: SecretRef): Result<string, string> {
  const read = readSecret(ref)
  if (!read.ok || /^[\x21-\x7e]{1,200}$/.test(read.value)) return read
  return err(`${ref.name} holds more than a key; the key alone must stand there, without blanks and further lines`)
}

/** Every secret that the file points to and that cannot be read now, with the line of the reference. */
export function secretFaults({ settings, effective }: Loaded): readonly ConfigFault[] {
  const { account: a, alpaca: keys, audit: seal, access: given } = settings
  const refs: readonly (readonly [path: string, ref: SecretRef | undefined, read: typeof readSecret])[] = [
    ...(a.broker === 'alpaca'
      ? ([
          ['alpaca.keyID', keys.keyID, brokerKey],
          ['alpaca.secretKey', keys.secretKey, brokerKey],
        ] as const)
      : []),
    ['audit.key', seal.key, readSecret],
    ['access.agentToken', given.agentToken, readSecret],
    ['access.oidc.clientSecret', given.oidc?.clientSecret, readSecret],
    ...channelSecrets(settings.channels).map(([path, ref]) => [path, ref, readSecret] as const),
  ]
  return refs.flatMap(([path, ref, read]) => {
    const found = ref === undefined ? null : read(ref)
    if (found === null || found.ok) return []
    const source = effective.find((setting) => setting.path === path)?.source ?? path
    return [{ source, line: null, column: null, message: `${path}: ${found.error}` }]
  })
}

function masked(ref: SecretRef): string {
  const found = readSecret(ref)
  const readable =
    ref.kind === 'file' && found.ok && process.platform !== 'win32' && (statSync(ref.name).mode & 0o077) !== 0
  return `${ref.kind}:${ref.name} (${found.ok ? `${found.value.length} characters, hidden${readable ? '; other users can read this file: chmod 600' : ''}` : found.error})`
}

function environmentOverrides(): Override[] {
  const dir = process.env['JAX_EXEC_DATA']
  return dir === undefined || dir === ''
    ? []
    : [{ path: 'dataDir', value: resolve(dir), source: 'environment JAX_EXEC_DATA' }]
}

/** What another installation of the gateway gets of our environment: all but what names this one's places. */
export function environmentOfAnother(): NodeJS.ProcessEnv {
  const { JAX_EXEC_CONFIG: _config, JAX_EXEC_DATA: _data, ...rest } = process.env
  return rest
}

/** The environment variables that are read, for the documentation. */
export const ENVIRONMENT: readonly { readonly name: string; readonly meaning: string }[] = [
  { name: 'JAX_EXEC_CONFIG', meaning: 'Path of the configuration file, as `--config` would give it.' },
  { name: 'JAX_EXEC_DATA', meaning: 'The data directory, as `--data-dir` would give it.' },
  { name: 'NO_COLOR', meaning: 'When set, nothing is printed in colour.' },
]

function defaultFile(): string | null {
  const named = process.env['JAX_EXEC_CONFIG']
  if (named !== undefined && named !== '') return resolve(named)
  const beside = standardFile()
  return statSync(beside, { throwIfNoEntry: false }) === undefined ? null : beside
}
const standardFile = (): string =>
  INSTALLED_BY_PACKAGE_MANAGER ? join(xdg('XDG_CONFIG_HOME', '.config'), FILE_NAME) : join(INSTALLATION, FILE_NAME)
/** Not the current folder: `jax-exec halt` must find the same data directory from wherever it is typed. */
function defaultDataDir(): string {
  return INSTALLED_BY_PACKAGE_MANAGER ? xdg('XDG_STATE_HOME', join('.local', 'state')) : join(INSTALLATION, 'data')
}
function xdg(variable: string, fallback: string): string {
  const set = process.env[variable]
  return join(set !== undefined && isAbsolute(set) ? set : join(homedir(), fallback), 'jax-execution')
}
/** Where a person's own files go when the data directory belongs to somebody else. */
export const personalDir = (): string => xdg('XDG_STATE_HOME', join('.local', 'state'))

// --- what the rooms below need

export const accountID = (settings: Settings): AccountID =>
  `${settings.account.environment}:${settings.account.broker}:${settings.account.name}` as AccountID

/** The market runs on its own clock when it is a recording, or faster than life. No real broker's does. */
export const hasOwnClock = ({ account: { broker }, sim: { market: from, speed: factor } }: Settings): boolean =>
  broker === 'sim' && (from.kind === 'replay' || factor !== 1)

/** What the settings add to the risk limits of the account. */
export function limitSettingsOf({ policy: p }: Settings): LimitSettings {
  const hard = (name: LimitName, value: Decimal | undefined) => (value === undefined ? {} : { [name]: { hard: value } })
  return {
    values: {
      ...hard('maxOrderNotional', p.maxOrderNotional),
      ...hard('maxPositionNotional', p.maxPositionNotional),
      ...hard('buyingPowerBuffer', p.buyingPowerBuffer),
      ...hard('collarBps', p.collarBps === undefined ? undefined : dec(String(p.collarBps))),
    },
    ...(p.allowShort === false && { lists: { allowShort: false } }),
  }
}

/**
 * The policy for the gate. Its durations are times of a person or a program; the gate measures them on the market's
 * clock, so they are multiplied by its speed.
 */
export function policyOf(settings: Settings): Policy {
  const { policy: p, account: a } = settings
  const scaled = (ms: number): number => Math.round(ms * (hasOwnClock(settings) ? settings.sim.speed : 1))
  const { riskPerTrade, maxDriftBps, stopLimitSlackBps, explicitQty, namedModel } = p
  return {
    ...UNLIMITED,
    riskPerTrade,
    maxDriftBps,
    stopLimitSlackBps,
    explicitQty,
    namedModel,
    reentryAfterMs: scaled(p.reentryAfterMs),
    environment: a.environment,
    broker: a.broker,
    quoteAgeMaxMs: scaled(p.quoteAgeMaxMs),
    accountAgeMaxMs: scaled(p.accountAgeMaxMs),
    duplicateWindowMs: scaled(p.duplicateWindowMs),
    approvalTtlMs: scaled(p.approvalTtlMs),
    executionTtlMs: scaled(p.executionTtlMs),
  }
}
