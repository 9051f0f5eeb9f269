import type { Fill, Order, Task } from '../api/wire.ts'
import { harmless, termsInWords } from './print.ts'

/** A broker's words must not add a line to the form. */
const line = (name: string, said: string): string =>
  `${name.padEnd(18)}${harmless(said).replace(/\s*[\r\n]+\s*/g, ' ')}`

/**
 * The request to a broker to review one fill, for a person to send by whatever way the broker asks for.
 *
 * @param alert what was said of the fill when it was found far from the market; null when nothing was.
 */
export function disputeForm(fill: Fill, order: Order, alert: Task | null): string {
  return [
    'Request to review an execution as clearly erroneous',
    '',
    line('Account', order.account),
    line('Symbol', fill.symbol),
    line('Side', fill.side),
    line('Quantity', fill.lastQty),
    line('Price', fill.lastPx),
    line('Time', fill.transactTime),
    line('Execution', fill.execID),
    line('Order, broker', order.orderID ?? 'not known'),
    line('Order, ours', order.clOrdID),
    line('Terms', termsInWords(order.terms)),
    line(
      'Prices around it',
      alert?.text ?? 'Nothing was found odd about it when it came. Add the prices of the venue.',
    ),
    '',
    'We ask for the review of this execution, and for an answer in writing.',
  ].join('\n')
}
