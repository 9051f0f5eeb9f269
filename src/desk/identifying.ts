import type { Identity } from '../ports/broker.ts'
import { err, ok, type Result } from '../values/result.ts'
import type { Command } from './command.ts'
import type { OtherAccount } from './desk.ts'

/**
 * One book holds one account: its positions are folds over all of its fills, so another account's would never add up
 * with them.
 */
export async function identify(c: Command, identity: Identity): Promise<Result<null, OtherAccount>> {
  const { account } = c.setting
  const [known] = await c.tx.all('identity')
  if (known) {
    const same = known.account === account && known.accountID === identity.accountID
    return same ? ok(null) : err({ account: known.account, identity: known })
  }
  // A book from before accounts were taken down: its comparisons tell which account they were with.
  const [compared] = await c.tx.all('reconcile')
  if (compared && compared.account !== account) return err({ account: compared.account, identity: null })
  await c.emit(
    'account.identified',
    { type: 'account', id: account },
    'start',
    { account, identity: { accountID: identity.accountID, name: identity.name } },
    { type: 'system', id: 'gateway', via: 'start', session: null },
  )
  return ok(null)
}
