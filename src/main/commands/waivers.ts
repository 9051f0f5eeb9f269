// One refused order beyond its limits, once.
import type { Context } from '../context.ts'
import { proposed } from './approvals.ts'

/** Two people, with a passkey each, within ten minutes; it then waits for its ordinary approval under a name of its own. */
export async function waive(ctx: Context, intentID: string, options: { readonly reason: string }): Promise<void> {
  await proposed(ctx, { kind: 'waiver', intentID }, options.reason)
}
