import type { HaltLevel } from '../../api/wire.ts'

/** What each level does, in one sentence; the same on every screen. */
export const LEVELS: Readonly<Record<HaltLevel, string>> = {
  K1: 'No new order of this one leaves, and what waits of it is withdrawn; what works at the broker stays.',
  K2: 'Nothing that opens or enlarges a position leaves; what waits goes on waiting, and what works at the broker stays.',
  K3: 'Stops the same orders as K2, and tells whoever reads it that this is an incident and no pause.',
  K4: 'No new order leaves, and open entries are canceled at the broker; stops and targets of what is held stay.',
}
