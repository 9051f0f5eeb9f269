/** How the broker misbehaves at the moment: what `AlpacaFate` turns on and off. */
export type Whims = {
  /** Orders are taken and go no further than `pending_new`. */
  delayAck: boolean
  /** Symbols whose orders are taken and rejected afterwards. */
  readonly rejected: Set<string>
  /** Cancels are taken and nothing comes of them. */
  stuckCancel: boolean
  /** The next so many replacements are taken and lost to the old order. */
  lostReplaces: number
  /** A replacement begins with what the orders before it have filled; otherwise at nothing, with the rest as its size. */
  carryFills: boolean
  hideLegs: boolean
  /** How often an order is still not found, by its client order id. */
  readonly hidden: Map<string, number>
  blocked: boolean
  status: string
  /** The fill of a marketable order is streamed before the answer to its request: always, never, or every second time. */
  fillFirst: 'always' | 'never' | 'sometimes'
}

const HONEST = {
  lostReplaces: 0,
  carryFills: true,
  hideLegs: false,
  blocked: false,
  status: 'ACTIVE',
  fillFirst: 'sometimes',
} as const

export const noWhims = (): Whims => ({
  ...HONEST,
  delayAck: false,
  rejected: new Set(),
  stuckCancel: false,
  hidden: new Map(),
})

/** Turns off what needs nothing done: held orders and stuck cancels are let go by who holds them. */
export function calm(whims: Whims): void {
  Object.assign(whims, HONEST)
  whims.rejected.clear()
  whims.hidden.clear()
}
