import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { FLOORS, violations, withoutComments } from './floors.ts'

it('imports go down, never sideways; pure code has no world', () => {
  assert.deepEqual(violations(join(import.meta.dirname, '..')), [])
})

describe('the drawing is enforced', () => {
  const root = mkdtempSync(join(tmpdir(), 'floors-'))
  after(() => rmSync(root, { recursive: true }))

  /** What the checker says about a house with this one file in it. */
  function said(file: string, source: string): string[] {
    rmSync(join(root, 'src'), { recursive: true, force: true })
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), source)
    return violations(root)
  }

  // biome-ignore format: a table reads in columns
  const caught: readonly (readonly [file: string, source: string, says: RegExp])[] = [
    ['src/orders/a.ts',         `import { gate } from '../gate/gate.ts'`,                   /orders may not import gate/],
    ['src/orders/a.ts',         `import type { Gate } from '../gate/gate.ts'`,              /orders may not import gate/],
    ['src/orders/a.ts',         `export { gate } from '../gate/gate.ts'`,                   /orders may not import gate/],
    ['src/orders/a.ts',         `export * from '../desk/desk.ts'`,                          /orders may not import desk/],
    ['src/orders/a.ts',         `import {\n  a,\n  b,\n} from '../desk/desk.ts'`,           /orders may not import desk/],
    ['src/orders/deep/a.ts',    `import '../../desk/desk.ts'`,                              /orders may not import desk/],
    ['src/gate/a.ts',           `import { b } from '../approvals/b.ts'`,                    /gate may not import approvals/],
    ['src/brokers/sim/a.ts',    `import { b } from '../../simulators/b.ts'`,                /brokers may not import simulators/],
    ['src/desk/a.ts',           `import { b } from '../store/b.ts'`,                        /desk may not import store/],
    ['src/desk/a.ts',           `const b = await import('../store/b.ts')`,                  /desk may not import store/],
    ['src/api/a.ts',            `import { b } from '../brokers/sim/b.ts'`,                  /api may not import brokers/],
    ['src/api/a.ts',            `import { b } from '../worker/b.ts'`,                       /api may not import worker/],
    ['src/worker/a.ts',         `import { b } from '../store/b.ts'`,                        /worker may not import store/],
    ['src/worker/a.ts',         `import { b } from '../channels/b.ts'`,                     /worker may not import channels/],
    ['src/web/a.tsx',           `import { b } from '../values/decimal.ts'`,                 /web may not import values/],
    ['src/web/a.tsx',           `import { b } from '../api/routes.ts'`,                     /web may not import api/],
    ['src/web/a.tsx',           `import { b } from '../api/wire.ts'`,                       /types only/],
    ['src/web/a.ts',            `import { b } from '../main/config.ts'`,                    /web may not import main/],
    ['src/api/a.test.ts',       `import { b } from '../main/cli.ts'`,                       /api may not import main, above it/],
    ['src/helpers/a.ts',        ``,                                                         /helpers is on no floor/],
    ['src/a.ts',                ``,                                                         /a\.ts is on no floor/],
    ['src/desk/a.ts',           `import { b } from '../helpers/b.ts'`,                      /helpers, which is on no floor/],
    ['src/desk/a.ts',           `import { b } from '../../scripts/b.mjs'`,                  /outside src/],
    ['src/desk/a.ts',           `import { b } from '#store'`,                               /write the relative path/],
    ['src/values/a.ts',         `export const now = () => Date.now()`,                      /uses Date\.now/],
    ['src/values/a.ts',         `export const now = () => new Date()`,                      /uses new Date\(\)/],
    ['src/values/a.ts',         `export const now = new Date\n`,                            /uses new Date\(\)/],
    ['src/values/a.ts',         `export const now = () => Temporal.Now.instant()`,          /uses Temporal\.Now/],
    ['src/orders/a.ts',         `export const t = performance.now()`,                       /uses performance/],
    ['src/orders/a.ts',         `export const t = Math.random()`,                           /uses Math\.random/],
    ['src/orders/a.ts',         `export const t = crypto.randomUUID()`,                     /uses randomUUID/],
    ['src/gate/a.ts',           `export const t = process.pid`,                             /uses process/],
    ['src/gate/a.ts',           `export const t = fetch('https://example.com')`,            /uses fetch/],
    ['src/approvals/a.ts',      `setTimeout(() => {}, 1)`,                                  /uses a timer/],
    ['src/approvals/a.ts',      `setInterval(() => {}, 1)`,                                 /uses a timer/],
    ['src/reconcile/a.ts',      'export const t = `at ${Date.now()}`',                      /uses Date\.now/],
    ['src/reconcile/a.ts',      `export const t = globalThis['pro' + 'cess']`,              /uses globalThis/],
    ['src/exchange/a.ts',       `import { readFileSync } from 'node:fs'`,                   /may not import node:fs/],
    ['src/exchange/a.ts',       `import { readFileSync } from 'fs'`,                        /may not import fs/],
    ['src/exchange/a.ts',       `import pino from 'pino'`,                                  /may not import pino/],
    ['src/journal/a.ts',        `import { createHash, randomBytes } from 'node:crypto'`,    /may not import randomBytes from node:crypto/],
    ['src/journal/a.ts',        `import { randomFillSync as r } from 'node:crypto'`,        /may not import randomFillSync/],
    ['src/journal/a.ts',        `import * as crypto from 'node:crypto'`,                    /name the functions/],
    ['src/desk/a.ts',           `export const t = Date.now()`,                              /desk is simulated, and uses Date\.now/],
    ['src/worker/a.ts',         `setTimeout(() => {}, 1)`,                                  /worker is simulated, and uses a timer/],
    ['src/worker/a.ts',         `import { readFileSync } from 'node:fs'`,                   /worker is simulated and may not import node:fs/],
    ['src/ports/a.ts',          `export const t = Math.random()`,                           /ports is simulated, and uses Math\.random/],
    ['src/store/a.ts',          `export const t = new Date()`,                              /store is simulated, and uses new Date/],
    ['src/store/a.ts',          `export const t = crypto.randomUUID()`,                     /store is simulated, and uses randomUUID/],
    ['src/desk/a.ts',           `export const t = process.env.HOME`,                        /process\.env is read in src\/main\/config\.ts only/],
    ['src/main/cli.ts',         `const { env } = process`,                                  /process\.env/],
    ['src/main/cli.ts',         `import { env } from 'node:process'`,                       /process\.env/],
    ['src/desk/a.ts',           `export const t = process['env']`,                          /process\.env/],
  ]
  for (const [file, source, says] of caught)
    it(`refuses ${file}: ${source}`, () => {
      const wrong = said(file, source)
      assert.match(wrong.join('\n'), says)
    })

  // biome-ignore format: a table reads in columns
  const allowed: readonly (readonly [file: string, source: string])[] = [
    ['src/gate/a.ts',           `import { b } from '../orders/b.ts'\nimport { c } from '../values/c.ts'\nimport { d } from './d.ts'`],
    ['src/desk/a.ts',           `import { b } from '../ports/b.ts'\nimport { c } from '../gate/c.ts'`],
    ['src/store/a.ts',          `import { openSync } from 'node:fs'\nexport const turn = () => new Promise(setImmediate)`],
    ['src/main/cli.ts',         `import { b } from '../store/b.ts'\nimport p from '../../package.json' with { type: 'json' }`],
    ['src/main/config.ts',      `export const home = process.env['HOME']`],
    ['src/web/a.tsx',           `import type { OrderView } from '../api/wire.ts'`],
    ['src/journal/a.ts',        `import { createHash, type KeyObject, sign } from 'node:crypto'\nimport canonicalize from 'canonicalize'`],
    ['src/values/a.ts',         `// never Date.now()\n/* nor process.env */\nexport const t = 'Date.now()' + "fetch(" + \`process.env\` + String(/setTimeout/)`],
    ['src/values/a.ts',         `export const t = (at: number) => new Date(at)`],
    ['src/values/a.ts',         `export const t = (store: Store, order: Order) => store.fetch(order.process.id)`],
    ['src/values/a.test.ts',    `import assert from 'node:assert/strict'\nassert(Date.now() > 0)`],
    ['src/ports/b.contract.ts', `import { it } from 'node:test'\nit('waits', () => setTimeout(() => {}, 1))`],
    ['src/brokers/sim/a.contract.test.ts', `import { b } from '../../simulators/b.ts'`],
    ['src/api/a.test.ts',       `import { b } from '../store/b.ts'\nimport { c } from '../../test/support.ts'`],
  ]
  for (const [file, source] of allowed) it(`accepts ${file}: ${source}`, () => assert.deepEqual(said(file, source), []))

  it('knows each room once', () => {
    const rooms = FLOORS.flat()
    assert.equal(new Set(rooms).size, rooms.length)
  })
})

it('reads code, not comments and strings', () => {
  const bare = (source: string): string => withoutComments(source, 'blank strings').replace(/ +/g, ' ').trim()
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [source: string, code: string])[] = [
    ['a // b',                      'a'],
    ['a /* b */ c',                 'a c'],
    [`a('// not a comment') // b`,  'a( )'],
    ['a = b / c // d',              'a = b / c'],
    ['a = (b) / c / d',             'a = (b) / c / d'],
    ['a = /[/"]/ // d',             'a ='],
    ['return /\\/\\// // d',        'return'],
    ['`a ${b /* c */ + `d ${e}`} f` + g', '` b + ` e} } + g'],
    ['`a ${ { b: 1 } } // c` + d',  '` { b: 1 } } + d'],
    [`'it\\'s' // b`,               ''],
  ]
  for (const [source, code] of rows) assert.equal(bare(source), code, source)
})
