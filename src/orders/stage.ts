/** How far an account has come from simulated to live trading: shadow, paper, pilot, limited, live. */
export const STAGES = ['S0', 'S1', 'S2', 'S3', 'S4'] as const
export type Stage = (typeof STAGES)[number]
