import { type Instant, rfc3339 } from '../values/instant.ts'

/** When somebody is there to decide. Outside of it nobody is asked, and the proposer hears that at once. */
export type Coverage = {
  /** `America/New_York`. */
  readonly zone: string
  /** 1 is Monday, 7 is Sunday. */
  readonly days: readonly number[]
  /** `09:30` to `16:00`, the end not included; an end before the start is on the next day. */
  readonly from: string
  readonly until: string
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
const TIME = /^([01]\d|2[0-3]):[0-5]\d$/

/** Everything that is wrong with such hours, as sentences; empty when they can be used. */
export function coverageFaults({ zone, days, from, until }: Coverage): string[] {
  const wrong: string[] = []
  if (!isZone(zone)) wrong.push(`${JSON.stringify(zone)} is no time zone; write one such as America/New_York.`)
  if (days.length === 0 || days.some((day) => !Number.isInteger(day) || day < 1 || day > 7))
    wrong.push('The days of coverage are numbers from 1 (Monday) to 7 (Sunday), at least one of them.')
  for (const time of [from, until])
    if (!TIME.test(time)) wrong.push(`${JSON.stringify(time)} is no time of a day; write it as 09:30.`)
  if (from === until)
    wrong.push('Coverage begins and ends at the same time; leave it out when somebody is always there.')
  return wrong
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** Whether somebody is there at this moment. Over a change of the clocks it goes by what the clocks on the wall show. */
export function isCovered({ zone, days, from, until }: Coverage, now: Instant): boolean {
  const shown = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(new Date(rfc3339(now)))
  const part = (type: string): string => shown.find((one) => one.type === type)?.value ?? ''
  const day = DAYS.findIndex((name) => name === part('weekday')) + 1
  const time = `${part('hour')}:${part('minute')}`
  const before = day === 1 ? 7 : day - 1
  if (from < until) return days.includes(day) && from <= time && time < until
  return (days.includes(day) && from <= time) || (days.includes(before) && time < until)
}

/** `Mon to Fri, 09:30 to 16:00 America/New_York`. */
export function coverageWords({ zone, days, from, until }: Coverage): string {
  const sorted = [...new Set(days)].sort((a, b) => a - b)
  const name = (day: number | undefined): string => DAYS[(day ?? 1) - 1] ?? ''
  const isRow = sorted.length > 2 && sorted.every((day, n) => n === 0 || day === (sorted[n - 1] ?? 0) + 1)
  const when = isRow ? `${name(sorted[0])} to ${name(sorted.at(-1))}` : sorted.map(name).join(', ')
  return `${when}, ${from} to ${until} ${zone}`
}
