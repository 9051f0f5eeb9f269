/** Enough symbols that no order of the benchmark meets a limit of another. */
export const SYMBOLS: readonly string[] = Array.from({ length: 500 }, (_, n) => `B${n}`)
