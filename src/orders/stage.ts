/** How far an account has come from simulated to live trading: shadow, paper, pilot, limited, live. */
export const STAGES = ['S0', 'S1', 'S2', 'S3', 'S4'] as const
export type Stage = (typeof STAGES)[number]

export const STAGE_TITLES: Readonly<Record<Stage, string>> = {
  S0: 'shadow',
  S1: 'paper',
  S2: 'pilot',
  S3: 'limited',
  S4: 'live',
}
/** From here on real money may be traded. */
const FIRST_LIVE: Stage = 'S2'

/** Whether the account may trade with real money. */
export const isLive = (stage: Stage): boolean => !isBefore(stage, FIRST_LIVE)

const rank = (stage: Stage): number => STAGES.indexOf(stage)
export const isBefore = (stage: Stage, other: Stage): boolean => rank(stage) < rank(other)
/** The one after it; null after the last. None is ever skipped. */
export const stageAfter = (stage: Stage): Stage | null => STAGES[rank(stage) + 1] ?? null
/** The one before it. Below paper nobody falls: a practice account that may send to nobody could never earn its way back. */
export const stageBelow = (stage: Stage): Stage => (isBefore('S1', stage) ? (STAGES[rank(stage) - 1] ?? stage) : stage)
