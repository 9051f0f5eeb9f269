import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { main } from './run.ts'
import { parseScript, printScript } from './script.ts'
import { planOf } from './stand-in.ts'

const TRANSITIONS = ['intent Received +Ticketed', 'delivery Sending +Unclear', 'order New +Fill']
let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sim-'))
  writeFileSync(
    join(folder, 'page.md'),
    '<!-- nightly -->\n<!-- /nightly -->\n<!-- transitions -->\n<!-- /transitions -->\n',
  )
  writeFileSync(join(folder, 'lost-order.sim'), printScript(planOf(13)))
  writeFileSync(join(folder, 'quiet-day.sim'), printScript(planOf(2)))
  writeFileSync(join(folder, 'broken.sim'), 'world seed=1\n')
})
after(() => rmSync(folder, { recursive: true }))

/** Runs the command as a terminal that is none would see it. */
async function sim(line: string, isTerminal = false): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' }
  const code = await main(line === '' ? [] : line.split(' '), {
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
    isTerminal,
    engine: new URL('./stand-in.ts', import.meta.url),
    scripts: folder,
    page: join(folder, 'page.md'),
    transitions: TRANSITIONS,
  })
  return { code, out: stripVTControlCharacters(said.out), err: stripVTControlCharacters(said.err) }
}
const json = (out: string) => JSON.parse(out) as Record<string, unknown>

describe('one world', () => {
  it('shows its script, what happened and the verdict', async () => {
    const { code, out } = await sim('--seed 2 --ticks 60')
    assert.equal(code, 0)
    const [script, trace, verdict] = out.split('\n\n')
    assert.equal(`${script}\n`, printScript(planOf(2, { lastsMs: 60_000 })))
    assert.equal(trace?.split('\n').length, 12)
    assert.equal(verdict, 'ok    seed 2: every promise held')
    assert.match(out, /12 events, 1 min 0 s of simulated time in .*\n4 orders, 8 fills, 0 crashes\nfaults: none\n$/)
  })
  it('names the promise that broke, and how to see it shorter', async () => {
    const { code, out } = await sim('--seed 13')
    assert.equal(code, 1)
    assert.match(out, /^FAIL {2}seed 13, after 13\.0 s: G2 one live order: two orders for I3$/m)
    assert.match(out, /npm run sim -- --seed 13 --shrink\n$/)
  })
  it('plays a saved script, or a file, with its own seed or another', async () => {
    assert.match((await sim('--scenario lost-order --quiet')).out, /^FAIL {2}seed 13,/)
    assert.match((await sim('--scenario quiet-day --seed 5 --quiet')).out, /^ok {4}seed 5: every promise held\n$/)
    assert.match((await sim(`--scenario ${join(folder, 'lost-order.sim')} --quiet`)).out, /^FAIL/)
  })
  it('is shrunk when it fails, and saved', async () => {
    const { code, out, err } = await sim('--seed 13 --save short-one')
    assert.equal(code, 1)
    assert.match(err, /shrinking seed 13: 14 items\n {2}.* items, .*, after \d+ runs\n/)
    assert.match(out, /saved short-one\.sim; again: npm run sim -- --scenario short-one\n$/)
    const source = readFileSync(join(folder, 'short-one.sim'), 'utf8')
    assert.match(source, /^# G2 one live order: two orders for I3\n# Found with seed 13\.\nworld seed=13 /)
    const { items, world } = parseScript(source)
    assert.deepEqual([items.map(({ verb }) => verb), world.lastsMs], [['lost-booked', 'halt'], 1_000])
    assert.equal((await sim('--scenario short-one --quiet')).code, 1)
  })
})

describe('many worlds', () => {
  it('are added up when every promise held', async () => {
    const { code, out } = await sim('--seeds 12 --jobs 2')
    assert.equal(code, 0)
    assert.match(out, /^12 worlds, 144 events, 6 min 0 s of simulated time/)
    assert.match(out, /transitions reached: 1 of 3\n {2}not reached: delivery Sending \+Unclear\n/)
    assert.match(out, /\nok {4}every promise held in 12 worlds\n$/)
  })
  it('name every one that broke a promise, and shrink the first', async () => {
    const { code, out } = await sim('--seeds 30 --first 10 --ticks 20')
    assert.equal(code, 1)
    assert.match(
      out,
      /FAIL {2}3 of 30 worlds broke a promise\n {2}seed 13: G2 .*\n {4}npm run sim -- --seed 13 --ticks 20\n {2}seed 26: /,
    )
    assert.match(
      out,
      /\n# G2 one live order.*\n# Found with seed 13\.\nworld seed=13 .*\non send 1 +lost-booked\nat 13\.000 halt\n/,
    )
    assert.match(out, /To keep it: npm run sim -- --seed 13 --ticks 20 --save NAME\n$/)
  })
  it('stop at the first failure when told to, and do not shrink it', async () => {
    const { code, out } = await sim('--seeds 1000 --first 100 --until-failure --json')
    assert.equal(code, 1)
    const { seed, seeds, oracle, text, replay } = json(out)
    assert.deepEqual(
      [seed, seeds, oracle, text, replay],
      [104, 5, 'G2 one live order', 'two orders for I3', 'npm run sim -- --seed 104'],
    )
  })
  it('are one line of JSON for programs', async () => {
    const { code, out, err } = await sim('--seeds 12 --json')
    assert.deepEqual([code, err, out.trim().split('\n').length], [0, '', 1])
    const { seeds, events, faults, transitions, unreached } = json(out)
    assert.deepEqual([seeds, events, faults, unreached], [12, 144, { crash: 0 }, TRANSITIONS.slice(1)])
    assert.deepEqual(transitions, { 'intent Received +Ticketed': { ordinary: 48 } })
  })
  it('play one script with many seeds', async () => {
    const { code, out } = await sim('--scenario quiet-day --seeds 20')
    assert.equal(code, 0)
    assert.match(out, /every promise held in 20 worlds/)
  })
  it('write their figures into the page', async () => {
    assert.equal((await sim('--seeds 12 --write')).code, 0)
    const page = readFileSync(join(folder, 'page.md'), 'utf8')
    assert.match(page, /<!-- nightly -->\n\nSeeds 1 to 12:\n\n\| figure [\s\S]*\| worlds \| 12 \|/)
    assert.match(page, /\| `order New \+Fill` \| 0 \| \*\*never\*\* \|\n\n<!-- \/transitions -->/)
  })
  it('draw a bar on a terminal', async () => {
    const { err } = await sim('--seeds 12', true)
    assert.match(err, /\r█{30} 12 of 12 worlds, [\d.]+\/s, 0 ms left\n$/)
  })
  it('are played twice when asked to', async () => {
    const { code, out } = await sim('--seeds 12 --check --json')
    assert.deepEqual([code, json(out)['checked']], [0, true])
  })
})

describe('what cannot be understood', () => {
  const rows: [line: string, said: RegExp][] = [
    ['', /say what to play: --seed 17, --seeds 1000 or --scenario name/],
    ['--sed 17', /there is no option --sed \(did you mean "--seed"\?\)/],
    ['--seeds 10 --until-failur', /no option --until-failur \(did you mean "--until-failure"\?\)/],
    ['--seed', /--seed needs a value/],
    ['--seed --quiet', /--seed needs a value/],
    ['--seed x', /--seed is a whole number from 0, not "x"/],
    ['--seeds 0', /--seeds is a whole number from 1, not "0"/],
    ['--seed 1 --seeds 2', /give one of them/],
    ['--seed 1 --first 2', /--first goes with --seeds/],
    ['--seed 1 --ticks 0', /--ticks is simulated seconds of activity such as 60, not "0"/],
    ['--seed 1 --quiet=yes', /--quiet takes no value/],
    ['seeds 3', /"seeds" belongs to no option \(did you mean "--seeds"\?\)/],
    [
      '--scenario lost-oder',
      /no script "lost-oder" \(did you mean "lost-order"\?\); saved are broken, lost-order, quiet-day/,
    ],
    ['--scenario broken', /broken\.sim, line 1: world lacks start=/],
    ['--seed 1 --save lost-order', /a script lost-order is saved already/],
    ['--seed 1 --save ../x', /--save takes a name of small letters/],
    ['--seed 1 --write', /--write writes the figures of --seeds/],
  ]
  for (const [line, said] of rows)
    it(`is said: ${line === '' ? 'nothing' : line}`, async () => {
      const { code, out, err } = await sim(line)
      assert.deepEqual([code, out], [2, ''])
      assert.match(err, said)
      assert.match(err, /npm run sim -- --help/)
    })
  it('is not a broken promise: an engine that does not work', async () => {
    writeFileSync(
      join(folder, 'throws.sim'),
      printScript({ ...planOf(1), items: [{ when: { on: 'send', n: 1 }, verb: 'throw', words: [], named: {} }] }),
    )
    for (const line of ['--scenario throws', '--scenario throws --seeds 3 --json']) {
      const { code, err } = await sim(line)
      assert.equal(code, 2)
      assert.match(err, /the engine is broken/)
    }
  })
  it('leaves nothing behind', () =>
    assert.deepEqual(
      readdirSync(folder).filter((name) => !/\.(sim|md)$/.test(name)),
      [],
    ))
})

it('--help says what there is, with examples', async () => {
  const { code, out } = await sim('--help')
  assert.equal(code, 0)
  for (const option of [
    'seed',
    'seeds',
    'first',
    'ticks',
    'scenario',
    'check',
    'until-failure',
    'jobs',
    'json',
    'save',
  ])
    assert.ok(out.includes(`--${option} `), option)
})
