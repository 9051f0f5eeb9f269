import { Fault } from '../values/fault.ts'
import { Connection } from './sqlite/connection.ts'

/**
 * Changes one character of one journal row, past every lock that the database has: what somebody does who has the file. For
 * the drill that shows that it is found; on a copy, never on a database that is in use.
 * @throws {Fault} NOT_FOUND when the row is not there.
 */
export function editRow(copy: string, seq: number): void {
  const db = new Connection(copy, { readOnly: false })
  try {
    const bytes = String(db.get('SELECT bytes FROM journal WHERE seq = ?', seq)?.['bytes'] ?? '')
    if (bytes === '') throw new Fault('NOT_FOUND', `${copy} has no row ${seq}`)
    const changed = `${bytes.slice(0, -2)}${bytes.at(-2) === '1' ? '2' : '1'}${bytes.slice(-1)}`
    db.exec('DROP TRIGGER journal_is_never_edited')
    db.run('UPDATE journal SET bytes = ? WHERE seq = ?', changed, seq)
  } finally {
    db.close()
  }
}
