import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { play } from '../../../test/scenarios/commands.ts'
import { parseScenario } from '../../../test/scenarios/language.ts'
import { journalOf } from '../../../test/scenarios/standing.ts'
import { World } from '../../../test/scenarios/world.ts'
import { GENESIS, link } from '../../journal/chain.ts'
import type { Row } from '../../journal/row.ts'
import { verifyJournal } from '../../journal/verify.ts'
import { canonical } from '../../values/json.ts'
import { contextOf } from '../context.ts'
import { Stop } from '../exit.ts'
import { verifyAudit } from './records.ts'

const root = mkdtempSync(join(tmpdir(), 'verify-'))
after(() => rmSync(root, { recursive: true, force: true }))

let rows: readonly Row[] = []
before(async () => {
  const w = new World()
  const script = `# For the test.
market AAPL bid=189.95 ask=190.05
market MSFT bid=409.90 ask=410.10
market IBM bid=299.90 ask=300.10
passkey ana
passkey bo
signal I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana
change policy two passkeys by=rik
agree by=ad
signal I2 BUY MSFT entry=410.00 stop=400.00
approve I2 by=ana with=passkey
approve I2 by=bo with=passkey
change policy passkey by=rik
agree by=ad
signal I3 BUY IBM entry=300.00 stop=290.00
approve I3 by=bo with=passkey`
  for (const line of parseScenario(script).lines) await play(w, [line])
  rows = await journalOf(w.store)
  await w.store.close()
})

let folders = 0
/** An export of these rows, in which the chain and the recorded end are as they must be. */
function exported(of: readonly Row[]): string {
  const folder = join(root, `export-${folders++}`)
  let prev = GENESIS
  const stored = of.map(({ ts, boot, mono, ...entry }, seq) => {
    const { bytes, hash } = link(entry, { seq, ts, boot, mono, prev })
    prev = hash
    return { seq, bytes }
  })
  const { hash, root: top } = verifyJournal({ rows: stored, checkpoints: [], keys: [] })
  mkdirSync(folder)
  writeFileSync(join(folder, 'journal.jsonl'), stored.map(({ bytes }) => `${bytes}\n`).join(''))
  writeFileSync(join(folder, 'anchors.jsonl'), '')
  writeFileSync(join(folder, 'keys.txt'), '')
  writeFileSync(join(folder, 'head.json'), JSON.stringify({ size: stored.length, hash, root: top }))
  return folder
}

type Answer = { readonly ok: boolean; readonly proof: { readonly passkeys: readonly { fingerprint: string }[] } }
/** What the command answers, and how it ends. */
async function verified(folder: string, passkeys?: string): Promise<{ text: string; value: Answer; end: Stop | null }> {
  let text = ''
  let value: unknown = null
  const ctx = {
    ...contextOf({ dataDir: root }),
    out: {
      json: false,
      answer: (answer: unknown, words: () => string): void => {
        text = stripVTControlCharacters(words())
        value = answer
      },
      raw: () => {},
      say: () => {},
    },
  }
  const end = await verifyAudit(ctx, { export: folder, ...(passkeys !== undefined && { passkeys }) }).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  assert.ok(end === null || end instanceof Stop, String(end))
  return { text, value: value as Answer, end }
}
function noted(lines: readonly string[]): string {
  const file = join(root, `passkeys-${folders++}.txt`)
  writeFileSync(file, `# noted on paper\n\n${lines.join('\n')}\n`)
  return file
}

describe('audit verify', () => {
  it('says how many orders were sent, and with what they were approved', async () => {
    const { text, value, end } = await verified(exported(rows))
    assert.equal(end, null)
    assert.equal(value.ok, true)
    assert.match(text, /^In order: no row was changed, removed, added or moved\.$/m)
    assert.match(text, /^3 orders were sent; each has the yes that was asked for\.$/m)
    assert.match(text, /3, 3 proven: 1 by a click, 1 with a passkey, 1 with the passkeys of two people or more$/m)
    assert.match(text, /^live, or with a passkey +2, each proven by itself$/m)
    assert.match(text, /^[\w-]{43} +ana +ana +1 +0$/m)
    assert.match(text, /^[\w-]{43} +bo +bo +2 +0$/m)
  })
  it('says so where nothing was sent', async () => {
    const { text, end } = await verified(exported(rows.slice(0, 3)))
    assert.equal(end, null)
    assert.match(text, /^No order was sent\.$/m)
  })
  it('fails where one has not, however whole the chain is, and says what to do', async () => {
    const at = rows.findIndex((row) => row.action === 'intent.voted')
    const { text, value, end } = await verified(exported(rows.toSpliced(at, 1)))
    assert.equal(value.ok, false)
    assert.match(text, /^In order: no row/m)
    assert.match(
      text,
      /^Not proven: 1 of 3 orders\. Row \d+: an order was sent without the yes of as many people as it takes \(TOO_FEW\)\.$/m,
    )
    assert.match(text, /takes 2 people at L3, and one yes counts\.$/m)
    assert.match(text, /^live, or with a passkey +2, 1 proven$/m)
    assert.deepEqual([end?.exit, end?.code, end?.message], ['DIFFERS', 'TOO_FEW', '1 order without proof of a yes.'])
    assert.match(
      end?.lines.join('\n') ?? '',
      /jax-exec halt.*\nCompare order jx\w+ with the broker’s own page.*simulate incident/,
    )
  })
  it('looks at the orders also where the chain is broken, and says that first', async () => {
    const folder = exported(rows)
    const at = rows.findIndex((row) => row.action === 'intent.voted')
    const broken = rows.filter((_, i) => i !== at).map((row) => canonical(row))
    writeFileSync(join(folder, 'journal.jsonl'), `${broken.join('\n')}\n`)
    const { text, end } = await verified(folder)
    assert.match(text, /^\w+ at row \d+: /)
    assert.match(text, /^Not proven: 1 of 3 orders\./m)
    assert.equal(end?.message, 'The journal is not as it was written.')
  })
  it('takes no passkey but those that were noted elsewhere', async () => {
    const folder = exported(rows)
    const { value } = await verified(folder)
    const prints = value.proof.passkeys.map(({ fingerprint }) => fingerprint)
    assert.equal((await verified(folder, noted(prints.map((print) => `${print}  whose it is`)))).end, null)
    const { end, text } = await verified(folder, noted(prints.slice(0, 1)))
    assert.equal(end?.code, 'NOT_PINNED')
    assert.match(text, /The passkey "bo" of bo is not in the list: [\w-]{43}\./)
    assert.match(end?.lines[0] ?? '', /^If the passkey is new, look at its owner’s screen/)
  })
  it('tells a list that is none', async () => {
    const folder = exported(rows)
    const odd = await verified(folder, noted(['ana']))
    assert.match(odd.end?.message ?? '', /has a line that begins with "ana"/)
    const absent = await verified(folder, join(root, 'nowhere.txt'))
    assert.match(absent.end?.message ?? '', /cannot be read/)
  })
})
