import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { dec, text } from '../values/decimal.ts'
import { channelFaults, type ParsedChannels } from './channel-settings.ts'
import {
  absoluteCommand,
  accountID,
  alpacaKeys,
  type Effective,
  hasOwnClock,
  loadConfig,
  type Loaded,
  ownCommand,
  parseConfig,
  policyOf,
  readSecret,
  secretFaults,
  settingInfos,
  type Settings,
} from './config.ts'
import { faultLine, type Override } from './place.ts'
import { oidcFaults } from './sign-in-settings.ts'

const root = mkdtempSync(join(tmpdir(), 'config-'))
after(() => rmSync(root, { recursive: true, force: true }))

function good(
  source: string,
  overrides: readonly Override[] = [],
  file: string | null = join(root, 'jax-exec.yaml'),
): Loaded {
  const read = parseConfig(source, file, overrides)
  assert.ok(read.ok, read.ok ? '' : read.error.map(faultLine).join('\n'))
  return read.value
}
const settings = (source: string, overrides: readonly Override[] = []): Settings => good(source, overrides).settings
function faults(source: string, overrides: readonly Override[] = []): string {
  const read = parseConfig(source, 'jax-exec.yaml', overrides)
  return read.ok ? '' : read.error.map(faultLine).join('\n')
}
const line = (loaded: Loaded, path: string): Effective => {
  const found = loaded.effective.find((e) => e.path === path)
  assert.ok(found, path)
  return found
}

it('without a file every setting has its default, and paper is the only money', () => {
  const s = settings('')
  assert.equal(s.listen.host, '127.0.0.1')
  assert.equal(s.listen.port, 7070)
  assert.equal(s.account.environment, 'paper')
  assert.equal(accountID(s), 'paper:sim:main')
  assert.equal(s.policy.maxOrderNotional, undefined)
  assert.deepEqual(s.sim.market, { kind: 'seeded' })
  assert.equal(hasOwnClock(s), false)
})

describe('values are read exactly', () => {
  it('money keeps its cents', () =>
    assert.equal(
      text(settings('policy:\n  maxOrderNotional: 25000.00\n').policy.maxOrderNotional ?? assert.fail()),
      '25000.00',
    ))
  it('any decimal comes out as it was written', () => {
    fc.assert(
      fc.property(fc.nat(10 ** 9), fc.nat(99_999), fc.integer({ min: 0, max: 5 }), (whole, fraction, places) => {
        const written =
          places === 0 ? `${whole + 1}` : `${whole + 1}.${String(fraction).padStart(places, '0').slice(0, places)}`
        assert.equal(
          text(settings(`policy:\n  maxOrderNotional: ${written}\n`).policy.maxOrderNotional ?? assert.fail()),
          text(dec(written)),
        )
      }),
    )
  })
  it('no means no, and yes means yes, in either spelling', () => {
    for (const [word, means] of [
      ['no', false],
      ['yes', true],
      ['false', false],
      ['true', true],
      ['"no"', false],
    ] as const)
      assert.equal(settings(`policy:\n  allowShort: ${word}\n`).policy.allowShort, means)
  })
  it('a group with nothing in it but remarks is as good as none', () => {
    assert.deepEqual(settings('access:\n  # agentToken:\nlisten:\n'), settings(''))
  })
  it('a replay names its file from the folder of the configuration', () => {
    const s = settings('sim:\n  market: replay:bars/AAPL.csv\n')
    assert.deepEqual(s.sim.market, { kind: 'replay', file: join(root, 'bars', 'AAPL.csv') })
    assert.equal(hasOwnClock(s), true)
  })
  it('so do the data directory and what is in it', () => {
    const s = settings('dataDir: here\n')
    assert.equal(s.dataDir, join(root, 'here'))
    assert.equal(s.audit.anchorsFile, join(root, 'here', 'anchors.jsonl'))
    assert.equal(settings('audit:\n  anchorsFile: ../anchors\n').audit.anchorsFile, join(root, '..', 'anchors'))
  })
})

describe('mistakes are named with line and column', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [source: string, says: RegExp])[] = [
    ['polcy:\n  x: 1\n',                               /^jax-exec\.yaml:1:1: polcy is not a setting; did you mean "policy"\?$/],
    ['policy:\n  maxOrderNotionl: 10\n',               /^jax-exec\.yaml:2:3: policy\.maxOrderNotionl is not a setting; did you mean "maxOrderNotional"\?$/],
    ['port: 7071\n',                                   /^jax-exec\.yaml:1:1: port is not a setting; listen\.port is$/],
    ['listen: 7070\n',                                 /^jax-exec\.yaml:1:9: listen is "7070"; it is a group of settings/],
    ['listen:\n  port:\n',                             /^jax-exec\.yaml:2:8: listen\.port has no value$/],
    ['listen:\n  port: 70700\n',                       /^jax-exec\.yaml:2:9: listen\.port is "70700"; it must be a whole number from 0 to 65535$/],
    ['listen:\n  port: [1, 2]\n',                      /^jax-exec\.yaml:2:9: listen\.port must be one value$/],
    ['listen:\n  port: 1\n  port: 2\n',                /^jax-exec\.yaml:3:3: this setting stands here a second time/],
    ['listen:\n\tport: 1\n',                           /^jax-exec\.yaml:2:1: indented with a tab/],
    ['listen:\n  host: 0.0.0.0\n',                     /^jax-exec\.yaml:2:9: listen\.host is 0\.0\.0\.0, which other machines can reach/],
    ['listen:\n  host: 192.168.1.5\n',                 /set listen\.exposed: yes/],
    ['account:\n  environment: live\n',                /^jax-exec\.yaml:2:16: account\.environment is live, and the built-in broker deals in play money\. Set it to paper$/],
    ['account:\n  environment: live\n  broker: alpaca\nalpaca:\n  keyID: env:A\n  secretKey: env:B\n', /^jax-exec\.yaml:2:16: account\.environment is live, and account\.promotedFrom is not set: .*stage S2/],
    ['account:\n  environment: live\n  broker: alpaca\n  promotedFrom: ../paper\nalpaca:\n  keyID: env:A\n  secretKey: env:B\n  url: http://127.0.0.1:7071\n', /^jax-exec\.yaml:8:8: alpaca\.url is set, and account\.environment is live: take it out$/],
    ['account:\n  promotedFrom: ../paper\n',           /^jax-exec\.yaml:2:17: account\.promotedFrom is for a live account, and account\.environment is paper: take it out$/],
    ['account:\n  broker: alpaca\n  firstStage: S0\nalpaca:\n  keyID: env:A\n  secretKey: env:B\n', /^jax-exec\.yaml:3:15: account\.firstStage is S0, in which nothing is sent to a broker/],
    ['account:\n  firstStage: S2\n',                   /^jax-exec\.yaml:2:15: account\.firstStage is "S2"; it can be S0 or S1; did you mean/],
    ['account:\n  environment: papr\n',                /it can be paper or live; did you mean/],
    ['account:\n  broker: etrade\n',                   /^jax-exec\.yaml:2:11: account\.broker is "etrade"; it can be sim or alpaca$/],
    ['account:\n  broker: alpaca\n',                   /^jax-exec\.yaml:2:11: account\.broker is alpaca, and alpaca\.keyID and alpaca\.secretKey are not set\. .*simulate alpaca$/],
    ['account:\n  broker: alpaca\nalpaca:\n  keyID: env:A\n',  /^jax-exec\.yaml:2:11: .*alpaca\.secretKey is not set\./],
    ['account:\n  broker: alpaca\nalpaca:\n  keyID: env:A\n  secretKey: env:A\n', /^jax-exec\.yaml:5:14: alpaca\.secretKey names the same place/],
    ['alpaca:\n  keyID: PKABCDEF\n',                   /^jax-exec\.yaml:2:10: alpaca\.keyID holds a secret in the open; (?!.*PKABC)/],
    ['alpaca:\n  key: env:A\n',                        /^jax-exec\.yaml:2:3: alpaca\.key is not a setting/],
    ['alpaca:\n  url: https://api.alpaca.markets\n',   /^jax-exec\.yaml:2:8: alpaca\.url cannot be used: .*http on this machine/],
    ['alpaca:\n  url: http://10.0.0.7:7071\n',         /alpaca\.url cannot be used: .*Leave it out to trade at Alpaca itself$/],
    ['alpaca:\n  requestsPerMinute: 5000\n',           /from 30 to 1000$/],
    ['listen:\n  publicUrl: https://jax.example\n',     /^jax-exec\.yaml:2:14: listen\.publicUrl is https, and listen\.https is no.* Set listen\.https: yes$/],
    ['listen:\n  publicUrl: jax.example/here\n',       /^jax-exec\.yaml:2:14: listen\.publicUrl is not an address such as/],
    ['channels:\n  slak:\n    botToken: env:A\n',      /^jax-exec\.yaml:2:3: channels\.slak is not a setting; did you mean "slack"\?$/],
    ['channels:\n  slack:\n    boToken: env:A\n',      /^jax-exec\.yaml:3:5: channels\.slack\.boToken is not a setting; did you mean "botToken"\?$/],
    ['channels:\n  slack:\n    botToken: xoxb-1\n',    /^jax-exec\.yaml:3:15: channels\.slack\.botToken holds a secret in the open; (?!.*xoxb)/],
    ['channels:\n  slack:\n    botToken: env:A\n',     /^jax-exec\.yaml:3:5: channels\.slack lacks channel, teamID, appID\. Set them, .*simulate slack\n.*neither signingSecret nor appToken/],
    ['channels:\n  slack:\n    channel: "#trades"\n',  /^jax-exec\.yaml:3:14: channels\.slack\.channel is not an id of Slack, such as C0123ABCD/],
    ['channels:\n  teams:\n    appID: my-bot\n',       /^jax-exec\.yaml:3:12: channels\.teams\.appID is not an id as Microsoft writes it/],
    ['channels:\n  teams:\n    conversation: 19:x\n',  /lacks appID, tenantID, clientSecret\.[^]*belong together/],
    ['channels:\n  webhook:\n    url: https://a.example\n', /^jax-exec\.yaml:3:5: channels\.webhook lacks secret\. Set it, /],
    ['channels:\n  testEndpoints:\n    slack: https://slack.com\n', /^jax-exec\.yaml:3:12: channels\.testEndpoints\.slack must be the address of a simulator on this machine/],
    ['channels:\n  testEndpoints:\n    teams: http://127.0.0.1.evil.example\n', /must be the address of a simulator on this machine/],
    ['access:\n  oicd:\n    issuer: https://a.example\n', /^jax-exec\.yaml:2:3: access\.oicd is not a setting; did you mean "oidc"\?$/],
    ['access:\n  oidc:\n    isuer: https://a.example\n', /^jax-exec\.yaml:3:5: access\.oidc\.isuer is not a setting; did you mean "issuer"\?$/],
    ['access:\n  oidc:\n    issuer: https://a.example\n', /^jax-exec\.yaml:3:5: access\.oidc lacks clientID, clientSecret\. Set them, .*simulate oidc$/],
    ['access:\n  oidc:\n    clientSecret: hunter2\n',   /^jax-exec\.yaml:3:19: access\.oidc\.clientSecret holds a secret in the open; (?!.*hunter2)/],
    ['access:\n  oidc:\n    issuer: http://a.example\n', /^jax-exec\.yaml:3:13: access\.oidc\.issuer is not an issuer such as/],
    ['access:\n  oidc:\n    issuer: http://127.0.0.1.evil.example\n', /is not an issuer such as/],
    ['access:\n  oidc:\n    issuer: https://me@a.example\n', /is not an issuer such as/],
    ['access:\n  oidc:\n    issuer: https://a.example/?tenant=1\n', /is not an issuer such as/],
    ['policy:\n  riskPerTrade: 1%\n',                  /^jax-exec\.yaml:2:17: policy\.riskPerTrade is "1%"; it must be a plain decimal/],
    ['policy:\n  riskPerTrade: 0.5\n',                 /must be above 0 and at most 0\.1$/],
    ['policy:\n  riskPerTrade: 0\n',                   /must be above 0/],
    ['policy:\n  riskPerTrade: -0.01\n',               /must be above 0/],
    ['policy:\n  allowShort: maybe\n',                 /can be yes, no, true or false/],
    ['policy:\n  explicitQty: exat\n',                 /did you mean "exact"\?/],
    ['policy:\n  approvalTtlMs: 5 min\n',              /must be a whole number from 1000/],
    ['policy:\n  buyingPowerBuffer: 5\n',              /a share from 0 to 0\.9/],
    ['sim:\n  market: "replay:"\n',                    /seeded, or replay:FILE/],
    ['sim:\n  speed: 0\n',                             /from 1 to 3600/],
    ['sim:\n  currency: usd\n',                        /three capital letters/],
    ['- a\n- b\n',                                     /^jax-exec\.yaml:1:1: must be settings/],
    ['just text\n',                                    /^jax-exec\.yaml:1:1: must be settings/],
    ['listen:\n  port: "70\n',                         /^jax-exec\.yaml:\d+:\d+: Missing closing/],
    ['listen: {}\n---\nlisten: {}\n',                  /^jax-exec\.yaml:2:1: a second document begins here/],
    ['listen:\n  port: !!int 7070\n',                  /^jax-exec\.yaml:2:9: Unresolved tag/],
    ['__proto__:\n  port: 1\n',                        /__proto__ is not a setting/],
  ]
  for (const [source, says] of rows) it(JSON.stringify(source), () => assert.match(faults(source), says))

  it('all at once, in the order of the file', () => {
    const said = faults('listen:\n  port: x\npolcy: 1\naccount:\n  environment: papr\n').split('\n')
    assert.deepEqual(
      said.map((text) => /:(\d+):/.exec(text)?.[1]),
      ['2', '3', '5'],
    )
  })
  it('a mistake on the command line names the option', () => {
    assert.equal(
      faults('', [{ path: 'listen.port', value: 'x', source: '--port' }]),
      '--port: listen.port is "x"; it must be a whole number from 0 to 65535',
    )
  })
})

it('an exposed host is accepted when it is said twice', () => {
  assert.equal(settings('listen:\n  host: 0.0.0.0\n  exposed: yes\n').listen.host, '0.0.0.0')
})

describe('secrets', () => {
  it('in the open are refused and not repeated', () => {
    const said = faults('access:\n  agentToken: jax_paper_abc_SECRET\n')
    assert.match(said, /^jax-exec\.yaml:2:15: access\.agentToken holds a secret in the open/)
    assert.doesNotMatch(said, /SECRET/)
  })
  it('by reference are read, and hidden where settings are shown', () => {
    writeFileSync(join(root, 'token'), 'jax_paper_abc_SECRET\n', { mode: 0o600 })
    const loaded = good('access:\n  agentToken: file:token\n')
    const ref = loaded.settings.access.agentToken
    assert.ok(ref)
    assert.deepEqual(readSecret(ref), { ok: true, value: 'jax_paper_abc_SECRET' })
    assert.match(line(loaded, 'access.agentToken').value, /\(20 characters, hidden\)$/)
    assert.doesNotMatch(JSON.stringify(loaded.effective), /SECRET/)
  })
  it('that are not there are said to be missing', () => {
    assert.deepEqual(readSecret({ kind: 'env', name: 'JAX_TEST_SURELY_NOT_SET' }), {
      ok: false,
      error: 'the environment variable JAX_TEST_SURELY_NOT_SET is not set',
    })
    assert.equal(readSecret({ kind: 'file', name: join(root, 'gone') }).ok, false)
  })
})

describe('an account at Alpaca', () => {
  const KEYS = 'account:\n  broker: alpaca\nalpaca:\n  keyID: file:id.key\n  secretKey: env:JAX_TEST_SURELY_NOT_SET\n'
  const put = (text: string): void => writeFileSync(join(root, 'id.key'), text, { mode: 0o600 })
  const said = (loaded: Loaded): string => secretFaults(loaded).map(faultLine).join('\n')

  it('is named by its broker, and keeps the time of everybody else', () => {
    const { settings: s } = good(`${KEYS}sim:\n  speed: 60\n`)
    assert.equal(accountID(s), 'paper:alpaca:main')
    assert.equal(hasOwnClock(s), false)
    assert.equal(policyOf(s).quoteAgeMaxMs, 5000)
    assert.equal(s.alpaca.requestsPerMinute, 150)
  })
  it('hides its keys where settings are shown', () => {
    put('PKVERYSECRET\n')
    const { effective } = good(KEYS)
    assert.doesNotMatch(JSON.stringify(effective), /PKVERYSECRET/)
  })
  it('says which key is not there, and on which line it was named', () => {
    rmSync(join(root, 'id.key'), { force: true })
    assert.match(
      said(good(KEYS)),
      /jax-exec\.yaml:4: alpaca\.keyID: .*id\.key is not there\n.*jax-exec\.yaml:5: alpaca\.secretKey: the environment variable JAX_TEST_SURELY_NOT_SET is not set$/s,
    )
    put(' \n')
    assert.match(said(good(KEYS)), /yaml:4: alpaca\.keyID: .*id\.key is empty/)
  })
  it('takes nothing for a key that holds more than one, and does not repeat it', () => {
    put('key: PKVERYSECRET\n')
    const { settings: s } = good(KEYS)
    assert.match(said(good(KEYS)), /yaml:4: alpaca\.keyID: .*holds more than a key/)
    const keys = alpacaKeys(s)
    assert.ok(!keys.ok)
    assert.match(keys.error, /^alpaca\.keyID: .*more than a key/)
    assert.doesNotMatch(keys.error, /PKVERY/)
  })
  it('is asked for its keys only when it is the one that trades', () => {
    assert.equal(said(good(KEYS.replace('broker: alpaca', 'broker: sim'))), '')
  })
})

describe('what trips by itself', () => {
  it('is tightened by a file, and loosened by none', () => {
    assert.equal(settings('watch:\n  brokerSilent: 5000\n').watch.brokerSilent, 5_000)
    assert.match(faults('watch:\n  brokerSilent: 10001\n'), /must be a whole number from 1 to 10000/)
    assert.match(faults('watch:\n  maxRejects: 2\n'), /watch\.maxRejects is not a setting/)
  })
})

describe('sessions that nobody uses', () => {
  it('last as long as any on paper, or as the file says', () => {
    const loaded = good('')
    assert.deepEqual([loaded.settings.access.idleMinutes, line(loaded, 'access.idleMinutes').value], [720, '720'])
    assert.equal(settings('access:\n  idleMinutes: 15\n').access.idleMinutes, 15)
    assert.match(faults('access:\n  idleMinutes: 0\n'), /access\.idleMinutes is "0"; it must be a whole number from 1/)
  })
})

describe('the sign-in provider', () => {
  const OIDC =
    'access:\n  oidc:\n    issuer: https://id.example/realm/\n    clientID: jax\n    clientSecret: file:client-secret\n'

  it('is none when nothing of it is set, remarks or not', () => {
    for (const source of ['', 'access:\n', 'access:\n  oidc:\n', 'access:\n  oidc:\n    # issuer:\n'])
      assert.equal(settings(source).access.oidc, null, JSON.stringify(source))
  })
  it('is named as it is written, finds its secret beside the file, and hides it', () => {
    writeFileSync(join(root, 'client-secret'), 'VERYSECRET\n', { mode: 0o600 })
    const loaded = good(OIDC)
    assert.deepEqual(loaded.settings.access.oidc, {
      issuer: 'https://id.example/realm/',
      clientID: 'jax',
      clientSecret: { kind: 'file', name: join(root, 'client-secret') },
      name: 'id.example',
    })
    assert.match(line(loaded, 'access.oidc.clientSecret').value, /\(10 characters, hidden\)$/)
    assert.equal(line(loaded, 'access.oidc.name').value, 'id.example')
    assert.doesNotMatch(JSON.stringify(loaded.effective), /VERYSECRET/)
    rmSync(join(root, 'client-secret'))
    assert.match(
      secretFaults(loaded).map(faultLine).join('\n'),
      /yaml:5: access\.oidc\.clientSecret: \S+ is not there$/,
    )
  })
  it('may speak plain http on this machine, on paper only', () => {
    const here = OIDC.replace('https://id.example/realm/', 'http://127.0.0.1:7075')
    assert.equal(settings(here).access.oidc?.issuer, 'http://127.0.0.1:7075')
    const parsed = {
      issuer: 'http://127.0.0.1:7075',
      clientID: 'jax',
      clientSecret: { kind: 'env', name: 'A' },
    } as const
    assert.deepEqual(oidcFaults(parsed, { environment: 'paper', https: false }), [])
    assert.match(oidcFaults(parsed, { environment: 'live', https: false })[0]?.message ?? '', /paper only/)
  })
  it('must know where to send people back to', () => {
    assert.match(faults(`${OIDC}listen:\n  https: yes\n`), /access\.oidc needs listen\.publicUrl/)
    assert.ok(settings(`${OIDC}listen:\n  https: yes\n  publicUrl: https://jax.example\n`).access.oidc)
  })
})

describe('the channels', () => {
  const SLACK =
    'channels:\n  slack:\n    botToken: file:bot\n    appToken: env:JAX_TEST_SURELY_NOT_SET\n    channel: C1\n    teamID: T1\n    appID: A1\n'

  it('do not run when nothing of them is set, remarks or not', () => {
    for (const source of ['', 'channels:\n', 'channels:\n  slack:\n  teams:\n    # later\n'])
      assert.deepEqual(
        settings(source).channels,
        { slack: null, teams: null, webhook: null, testEndpoints: {} },
        JSON.stringify(source),
      )
  })
  it('find their secrets beside the file, say which is missing, and hide them', () => {
    writeFileSync(join(root, 'bot'), 'xoxb-VERYSECRET\n', { mode: 0o600 })
    const loaded = good(SLACK)
    assert.deepEqual(loaded.settings.channels.slack?.botToken, { kind: 'file', name: join(root, 'bot') })
    assert.match(
      secretFaults(loaded).map(faultLine).join('\n'),
      /^\S+yaml:4: channels\.slack\.appToken: the environment variable JAX_TEST_SURELY_NOT_SET is not set$/,
    )
    assert.match(line(loaded, 'channels.slack.botToken').value, /\(15 characters, hidden\)$/)
    assert.doesNotMatch(JSON.stringify(loaded.effective), /VERYSECRET/)
  })
  it('take a simulator on paper only', () => {
    const { channels } = settings(`${SLACK}  testEndpoints:\n    slack: http://127.0.0.1:7073/\n`)
    assert.equal(channels.testEndpoints.slack, 'http://127.0.0.1:7073')
    const parsed = { slack: {}, teams: {}, webhook: {}, testEndpoints: channels.testEndpoints } as ParsedChannels
    assert.deepEqual(channelFaults(parsed, 'paper'), [])
    assert.match(channelFaults(parsed, 'live')[0]?.message ?? '', /paper only: .* Take it out$/)
  })
  it('lead to the pages by the address that people use', () =>
    assert.equal(
      settings('listen:\n  https: yes\n  publicUrl: https://Jax.example/\n').listen.publicUrl,
      'https://jax.example',
    ))
})

describe('every effective setting says where it comes from', () => {
  const loaded = good('policy:\n  collarBps: 200\n', [{ path: 'listen.port', value: '0', source: '--port' }])
  it('the file', () =>
    assert.deepEqual(
      [line(loaded, 'policy.collarBps').value, line(loaded, 'policy.collarBps').source],
      ['200', `${join(root, 'jax-exec.yaml')}:2`],
    ))
  it('an option', () =>
    assert.deepEqual([line(loaded, 'listen.port').value, line(loaded, 'listen.port').source], ['0', '--port']))
  it('the default', () =>
    assert.deepEqual([line(loaded, 'sim.seed').value, line(loaded, 'sim.seed').source], ['7', 'default']))
  it('none is left out', () =>
    assert.deepEqual(
      loaded.effective.map((e) => e.path),
      settingInfos().map((i) => i.path),
    ))
  it('and what is shown can be read again, to the same settings', () => {
    const given: Override[] = loaded.effective
      .filter((e) => !e.value.startsWith('('))
      .map((e) => ({ path: e.path, value: e.value, source: 'again' }))
    assert.deepEqual(settings('', given), loaded.settings)
  })
})

it('people keep their time when the market runs faster', () => {
  const normal = policyOf(settings(''))
  const fast = policyOf(settings('sim:\n  speed: 60\n'))
  for (const name of [
    'quoteAgeMaxMs',
    'accountAgeMaxMs',
    'duplicateWindowMs',
    'approvalTtlMs',
    'executionTtlMs',
  ] as const)
    assert.equal(fast[name], 60 * normal[name], name)
  assert.equal(fast.collarBps, normal.collarBps)
})

it('a file that cannot be read is a mistake, not an absence', () => {
  const read = loadConfig({ file: join(root, 'gone.yaml') })
  assert.ok(!read.ok)
  assert.match(read.error.map(faultLine).join(), /gone\.yaml: the configuration file cannot be read/)
})

describe('a line to paste names what a bare call would not find', () => {
  const printed = (overrides: readonly Override[], file?: string): string => {
    const read = loadConfig({ file, overrides })
    assert.ok(read.ok)
    return ownCommand(read.value)
  }
  const named = join(root, "ana's own.yaml")
  writeFileSync(named, 'dataDir: ./there\n')
  const program = printed([{ path: 'dataDir', value: '/srv/jax', source: '--data-dir' }]).split(' --')[0]

  it('the data directory of an option or a replay', () => {
    for (const source of ['--data-dir', 'replay', 'environment JAX_EXEC_DATA'])
      assert.equal(printed([{ path: 'dataDir', value: '/srv/jax', source }]), `${program} --data-dir /srv/jax`)
  })
  it('the configuration file, which names its data directory itself, in quotes that a shell takes off again', () => {
    const line = printed([], named)
    assert.equal(line, `${program} --config '${named.replaceAll("'", `'\\''`)}'`)
    const said = spawnSync('sh', ['-c', `printf %s ${line.split('--config ')[1]}`], { encoding: 'utf8' })
    assert.equal(said.stdout, named)
  })
})

describe('the emergency page', () => {
  const page = (text: string): boolean => {
    const read = parseConfig(text, join(root, 'jax-exec.yaml'), [])
    assert.ok(read.ok, read.ok ? '' : read.error.map(faultLine).join('\n'))
    return read.value.settings.emergency.page
  }
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['is there as a rule',                       '',                                                        true],
    ['is there with an address of this machine', 'listen:\n  publicUrl: http://localhost:7070\n',           true],
    ['is off behind a proxy with TLS',           'listen:\n  https: yes\n',                                 false],
    ['is off behind a name',                     'listen:\n  names: jax.example\n',                         false],
    ['is off behind an address',                 'listen:\n  publicUrl: http://jax.example\n',              false],
    ['is off where others can reach it',         'listen:\n  host: 0.0.0.0\n  exposed: yes\n',              false],
    ['is there where somebody says so',          'listen:\n  https: yes\nemergency:\n  page: yes\n',        true],
    ['is off where somebody says so',            'emergency:\n  page: no\n',                                false],
  ]
  for (const [name, text, there] of rows) it(name, () => assert.equal(page(text), there))

  it('has a sheet that fits on paper', () => {
    const read = parseConfig(`emergency:\n  note: ${'x'.repeat(201)}\n`, join(root, 'jax-exec.yaml'), [])
    assert.ok(!read.ok)
    assert.match(read.error.map(faultLine).join(), /emergency\.note may have 200 characters/)
  })
  it('has no place for the identification phrase', () => {
    const read = parseConfig('emergency:\n  phrase: sesame\n', join(root, 'jax-exec.yaml'), [])
    assert.ok(!read.ok)
  })
})

it('a line for paper is the same from any folder, and names configuration and data directory', () => {
  const line = absoluteCommand({ dataDir: "/srv/ana's data" }, '/etc/jax.yaml')
  assert.match(line, /^\/\S+jax-exec\.mjs --config \/etc\/jax\.yaml --data-dir '\/srv\/ana'\\''s data'$/)
})
