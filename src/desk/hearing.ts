import type { Notice } from '../ports/broker.ts'
import { BROKER, type Command } from './command.ts'

/** What the adapter tells beside its reports. */
export async function hear(c: Command, notice: Notice): Promise<void> {
  const { account } = c.setting
  const broker = account.split(':')[1] ?? account
  const about = { type: 'account', id: account }
  switch (notice.kind) {
    case 'connected':
      await c.emit('broker.connected', about, 'stream', { broker }, BROKER)
      // Whatever was reported while nobody listened is found by comparing.
      await c.errand('reconcile', account, 'stream')
      return
    case 'lost':
      await c.emit('broker.lost', about, 'stream', { broker, text: notice.text }, BROKER)
      // From here on it is compared more often, and the one that waits was put off by those before.
      await c.errand('reconcile', account, 'stream')
      return
    case 'odd':
      await c.task('ODD', notice.subject, 'warning', notice.text, 'stream')
  }
}
