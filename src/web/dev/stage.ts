import type { Change, Drill, EvidenceLine, Limits, Stage, StageNow, Strategy } from '../../api/wire.ts'

/** An invented account on its way to the pilot. */
export function makeStage(iso: (agoMs?: number) => string): {
  readonly now: () => StageNow
  readonly drills: () => readonly Drill[]
  readonly strategies: () => readonly Strategy[]
  /** From now on all of it is shown. */
  readonly shown: () => void
  readonly asked: (asked: Record<string, unknown>, limits: Limits) => Change['what']
} {
  const DAY = 86_400_000
  const days = Array.from({ length: 18 }, (_, i) => {
    const day = iso((18 - i) * DAY).slice(0, 10)
    return {
      day,
      session: i % 7 < 5,
      starts: i === 0 ? 1 : 0,
      crashes: 0,
      orders: i % 7 < 5 ? 3 + ((i * 7) % 5) : 0,
      compared: 1,
      breaks: 0,
      strategies: ['momentum-breakout'],
    }
  })
  const line = (of: string, title: string, need: string, have: string, met: boolean) => ({ of, title, need, have, met })
  let isShown = false
  const met = (line: EvidenceLine): EvidenceLine =>
    isShown ? { ...line, have: line.met ? line.have : line.need, met: true } : line
  const now = (): StageNow => ({
    account: 'paper:alpaca:main',
    environment: 'paper',
    stage: 'S1',
    title: 'paper',
    since: iso(18 * DAY),
    build: null,
    runs: '3f1c9a7e2b40',
    next: { stage: 'S2', title: 'pilot' },
    evidence: [
      line('sessions', 'trading days', '20', '14', false),
      line('orders', 'orders sent', '100', '64', false),
      line('breaks', 'unexplained differences from the broker', 'none', 'none', true),
      line('drills', 'drills passed within a quarter', 'E1', 'all', true),
      line('yeses', 'yeses whose time was measured', '20', '41; half within 30 s, 95 % within 120 s', true),
      line('cards', 'a card for each strategy that trades', 'all', 'all', true),
      line('build', 'a build that is known', 'known', 'known', true),
      line('halts', 'nothing halted or frozen', 'nothing', 'nothing', true),
    ].map(met),
    shown: isShown,
    days,
    latency: { upToSeconds: [5, 15, 30, 60, 120, 300, 600, 1800], counts: [2, 8, 14, 9, 5, 2, 1, 0, 0] },
    slippage: { upToBps: [0, 5, 10, 25, 50, 100, 250], counts: [18, 21, 9, 4, 1, 0, 0, 0] },
    origin: null,
    past: [
      {
        at: iso(18 * DAY),
        from: 'S0',
        to: 'S1',
        cause: 'promoted',
        why: 'Five days without a crash.',
        changeID: 'chg_k3xm9t2vc0qe',
        build: '3f1c9a7e2b40',
        evidence: [],
      },
    ],
    can: {
      promote: isShown
        ? { ok: true }
        : {
            ok: false,
            why: 'Not shown yet for stage S2: trading days (20; there is 14); orders sent (100; there is 64).',
          },
      agreeBuild: { ok: true },
    },
  })
  return {
    now,
    shown: () => {
      isShown = true
    },
    asked({ after, symbols = null }, limits) {
      const { stage, runs, evidence } = now()
      const lists = { ...limits.lists, symbols: symbols as string[] | null }
      return {
        kind: 'stage',
        before: stage,
        after: after as Stage,
        era: 1,
        build: runs ?? '',
        limits: { ...limits, lists },
        evidence,
      }
    },
    drills: () => [
      {
        drillID: 'drl_k3xm9t2vc0qe',
        drill: 'E1',
        byName: 'Ana',
        startedAt: iso(3 * DAY),
        endedAt: iso(3 * DAY),
        result: 'passed',
        figures: { 'no further send': '0.2 s', 'all canceled': '1.1 s' },
        note: null,
        attested: false,
        orders: ['jx0001'],
      },
    ],
    strategies: () => [
      {
        strategyID: 'momentum-breakout',
        version: 2,
        card: {
          goal: 'Buys breakouts of a range in an up-trend, for days.',
          inputs: 'Daily bars of the last year, and the volume of the day.',
          limits: 'At most three positions, none over earnings.',
          owner: 'Ana',
          stopWhen: 'Three losses in a row, or a day below 2 %.',
        },
        model: null,
        sizedBy: 'the risk budget',
      },
    ],
  }
}
