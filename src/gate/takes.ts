import type { Proposal } from '../orders/proposal.ts'
import type { OrdType, TimeInForce } from '../orders/terms.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { Facts } from './facts.ts'

type Takes = Facts['supported']

/** What a signal, which names neither, is sent as where the broker does not take what is usual: the first that it takes. */
const INSTEAD: { readonly ordType: readonly Proposal['ordType'][]; readonly timeInForce: readonly TimeInForce[] } = {
  ordType: ['Limit', 'Market'],
  timeInForce: ['Day', 'GTC', 'IOC', 'FOK'],
}

/**
 * The proposal as it would be sent. An explicit order is sent as it was asked, or refused; of a signal the words that
 * the broker lacks are replaced, and once approved they stand as they were seen.
 */
export function sentAs(proposal: Proposal, takes: Takes, approved: Ticket | null): Proposal {
  if (proposal.form === 'Order') return proposal
  const asSeen = INSTEAD.ordType.find((type) => type === approved?.terms.ordType)
  if (approved) return { ...proposal, ordType: asSeen ?? proposal.ordType, timeInForce: approved.terms.timeInForce }
  return {
    ...proposal,
    ordType: first([proposal.ordType, ...INSTEAD.ordType], takes.ordTypes),
    timeInForce: first([proposal.timeInForce, ...INSTEAD.timeInForce], takes.timeInForce),
  }
}

/** The first wish that is taken. When none is, the first stays, and is refused by its name. */
const first = <T extends string>(wishes: readonly [T, ...T[]], taken: readonly string[]): T =>
  wishes.find((wish) => taken.includes(wish)) ?? wishes[0]

/** What a stop is sent as: with a limit only where the broker takes no plain one. */
export const stopTypeOf = ({ ordTypes }: Takes): Extract<OrdType, 'Stop' | 'StopLimit'> =>
  !ordTypes.includes('Stop') && ordTypes.includes('StopLimit') ? 'StopLimit' : 'Stop'
