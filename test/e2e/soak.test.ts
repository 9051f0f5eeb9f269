import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { soak } from '../soak/soak.ts'

/** A short piece of `npm run soak`: long enough for every fault to come by. */
const SECONDS = 25

describe('the gateway at the simulated Alpaca, at its rate limit, while requests and sockets go wrong', () => {
  it('ends with every order, execution and position explained', { timeout: 420_000 }, async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'jax-soak-'))
    try {
      const { findings, figures } = await soak({ seed: 11, seconds: SECONDS, rate: 0.05, dataDir }, (line) =>
        t.diagnostic(line),
      )
      assert.ok(Number(figures['orders at the broker']) > 5, JSON.stringify(figures))
      for (const { what, ok, detail } of findings) assert.ok(ok, `${what}: ${detail}`)
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})
