import type { AssetClass } from '../orders/instrument.ts'
import { fromMs, type Instant, toMs } from '../values/instant.ts'

/** Whether a session holds, and until when that stays so; `until` is null when it never changes. */
export type Hours = { readonly open: boolean; readonly until: Instant | null }

const ZONE = 'America/New_York'
const SATURDAY = 6
const SUNDAY = 7
const FRIDAY = 5

/** `regular` hours, without holidays: equities 09:30–16:00 New York on weekdays, currencies Sunday 17:00 to Friday 17:00, coins always. */
export function regularHours(assetClass: AssetClass, at: Instant): Hours {
  const now = Temporal.Instant.fromEpochMilliseconds(toMs(at)).toZonedDateTimeISO(ZONE)
  switch (assetClass) {
    case 'crypto':
      return { open: true, until: null }
    case 'us_equity': {
      const [opens, closes] = [clock(now, '09:30'), clock(now, '16:00')]
      const weekday = now.dayOfWeek < SATURDAY
      if (weekday && before(now, opens)) return { open: false, until: micros(opens) }
      if (weekday && before(now, closes)) return { open: true, until: micros(closes) }
      const days = now.dayOfWeek >= FRIDAY ? 8 - now.dayOfWeek : 1
      return { open: false, until: micros(clock(now.add({ days }), '09:30')) }
    }
    case 'fx': {
      const evening = clock(now, '17:00')
      const late = !before(now, evening)
      const weekend =
        now.dayOfWeek === SATURDAY || (now.dayOfWeek === FRIDAY && late) || (now.dayOfWeek === SUNDAY && !late)
      const day = weekend ? SUNDAY : FRIDAY
      const days = (day - now.dayOfWeek + 7) % 7
      return { open: !weekend, until: micros(clock(now.add({ days }), '17:00')) }
    }
  }
}

// By the wall clock of the day, so that the hours hold across a change to or from summer time.
const clock = (day: Temporal.ZonedDateTime, time: string): Temporal.ZonedDateTime => day.withPlainTime(time)
const before = (a: Temporal.ZonedDateTime, b: Temporal.ZonedDateTime): boolean =>
  Temporal.ZonedDateTime.compare(a, b) < 0
const micros = (when: Temporal.ZonedDateTime): Instant => fromMs(when.epochMilliseconds)
