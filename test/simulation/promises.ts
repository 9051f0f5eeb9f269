import { Violation } from './scene.ts'

/** What is promised. A broken promise is told by these words, the same each time. */
export const PROMISES = {
  approved: 'G1: no order without a valid approval of exactly that order',
  reduces: 'G1: what needs no approval only makes a position smaller',
  once: 'G2: one intent has at most one live order at the broker',
  names: 'G2: no name is sent twice',
  proof: 'G2: an unanswered send is resolved by evidence, never by a guess',
  ghost: 'G2: an order that counted as gone and appears is a task for a person',
  durable: 'G3: what is sent is durable first, each time',
  kept: 'G3: nothing that was acknowledged is lost',
  fills: 'G4: every fill is counted once',
  halt: 'G5: no opening order leaves during a halt',
  canceled: 'G5: a halt takes back what rests',
  covered: 'G5: exits are never blocked: what is held has a resting stop of its size',
  blind: 'G6: no opening order leaves without knowing market, account and position',
  limits: 'G7: limits count what is in flight',
  room: 'G7: a limit stops only what is beyond it',
  seen: 'G8: every change says who, when and what for',
  asked: 'G8: what counts as done by somebody, they have asked for',
  answered: 'G8: what is answered as done is in the journal, and what is refused is not',
  journal: 'G8: the journal verifies, with every checkpoint that was signed',
  views: 'G8: views are what the journal says',
  account: 'G9: orders go to the account of the policy and no other',
  books: 'G10: our book and the broker agree, or a person is told',
  frozen: 'G10: no opening order leaves in a frozen symbol',
  compared: 'G10: books are compared before a halt is released, and a freeze needs a person to end',
  people: 'G11: only people with the role approve, change, release and take in',
  decimals: 'G12: money is exact text',
  lively: 'liveness: everything comes to its end',
  quiet: 'liveness: nothing goes wrong that somebody would have to read a log for',
} as const
export type Promised = keyof typeof PROMISES

/** @throws {Violation} */
export function broken(promise: Promised, text: string): never {
  throw new Violation(PROMISES[promise], text)
}
