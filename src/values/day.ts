import { fromMs, type Instant, toMs } from './instant.ts'

/** One day of a calendar on a wall: `2026-11-24`, from its first moment until the first of the next. */
export type Day = { readonly name: string; readonly from: Instant; readonly until: Instant }

/** The day in a time zone that holds this moment; on two days of a year it is an hour shorter or longer. */
export function dayOf(at: Instant, zone: string): Day {
  const start = Temporal.Instant.fromEpochMilliseconds(toMs(at)).toZonedDateTimeISO(zone).startOfDay()
  const next = start.add({ days: 1 })
  return {
    name: start.toPlainDate().toString(),
    from: fromMs(start.epochMilliseconds),
    until: fromMs(next.epochMilliseconds),
  }
}

/** Whether `2026-11-24` is a Monday, or one of the four days after it. */
export const isWeekday = (name: string): boolean => Temporal.PlainDate.from(name).dayOfWeek <= 5
