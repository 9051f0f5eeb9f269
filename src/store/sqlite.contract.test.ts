import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '../ports/store.contract.ts'
import { openSqliteStore } from './sqlite.ts'

storeContract('SQLite in memory', async () => ({
  open: (clock, boot) => openSqliteStore({ file: ':memory:', clock, boot }),
  durable: false,
  clean: async () => {},
}))

storeContract('SQLite on disk', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'store-'))
  return {
    open: (clock, boot) => openSqliteStore({ file: join(folder, 'data', 'ledger.db'), clock, boot }),
    durable: true,
    clean: async () => rmSync(folder, { recursive: true }),
  }
})
