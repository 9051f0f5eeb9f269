import { mkdirSync } from 'node:fs'
import { prepareDataDir } from '../src/main/datadir.ts'
import { commands, SYSTEM } from '../src/desk/command.ts'
import { limitedBy, POLICY } from '../src/gate/example.ts'
import { openSqliteStore } from '../src/store/sqlite.ts'
import type { AccountID } from '../src/values/brand.ts'
import { fromMs } from '../src/values/instant.ts'

/** What one order may cost and how far it may be from the market, and nothing about how many there are in a day. */
export const LOOSE = limitedBy({
  maxOrderNotional: '10000',
  collarBps: '300',
  buyingPowerBuffer: '0.05',
})

/**
 * Begins the journal of a data directory with these limits: for tests that send more in a minute than a person does in a month. No
 * setting can do that; only whoever may write the database before its first start.
 */
export async function loosely(dataDir: string, account = 'paper:sim:main' as AccountID): Promise<void> {
  mkdirSync(dataDir, { recursive: true })
  const clock = {
    now: () => fromMs(Date.now()),
    monotonicNs: () => process.hrtime.bigint(),
    sleep: () => Promise.reject(new Error('nobody waits here')),
  }
  const store = await openSqliteStore({ file: prepareDataDir(dataDir).database, clock, boot: 'loose' })
  const setting = { account, policy: POLICY, capabilities: {} as never, speed: 1, version: 'test', build: 'test' }
  await commands(
    store,
    clock.now,
    setting,
  )((c) => c.emit('limits.opened', { type: 'account', id: account }, 'limits', { limits: LOOSE }, SYSTEM))
  await store.close()
}
