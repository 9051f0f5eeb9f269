/** Times on a screen: local, short, with UTC beside for whoever compares logs. */

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
})
const DAY = new Intl.DateTimeFormat(undefined, { day: '2-digit', month: 'short' })
const YEAR = new Intl.DateTimeFormat(undefined, { day: '2-digit', month: 'short', year: 'numeric' })

/** Milliseconds since 1970 of an RFC 3339 text; the microseconds are not for eyes. */
export const msOf = (at: string): number => Date.parse(at)

/** "14:03:22" for today, "23 Nov 14:03:22" for other days of this year, with the year otherwise. */
export function localTime(at: string, nowMs: number): string {
  const [date, now] = [new Date(msOf(at)), new Date(nowMs)]
  if (date.toDateString() === now.toDateString()) return CLOCK.format(date)
  return `${(date.getFullYear() === now.getFullYear() ? DAY : YEAR).format(date)} ${CLOCK.format(date)}`
}

/** "2026-11-24T13:54:50.123456Z" → "2026-11-24 13:54:50.123456 UTC". */
export const utcTime = (at: string): string => at.replace('T', ' ').replace(/Z$/, ' UTC')

/** A span for people: "340 ms", "4.2 s", "3 min 05 s", "2 h 10 min", "3 days". Negative spans count as zero. */
export function span(ms: number): string {
  const left = Math.max(0, ms)
  if (left < 1000) return `${Math.round(left)} ms`
  if (left < 10_000) return `${(left / 1000).toFixed(1)} s`
  const seconds = Math.round(left / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
  if (seconds < 86_400)
    return `${Math.floor(seconds / 3600)} h ${String(Math.floor(seconds / 60) % 60).padStart(2, '0')} min`
  return `${Math.floor(seconds / 86_400)} days`
}

/** "just now", "40 s ago", "3 min ago": coarse on purpose, so that a list does not flicker. */
export function ago(at: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - msOf(at)) / 1000))
  if (seconds < 5) return 'just now'
  if (seconds < 60) return `${seconds - (seconds % 5)} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} days ago`
}

/** A countdown: "4:05", "0:09"; "0:00" when it is over. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  const hours = Math.floor(seconds / 3600)
  const clock = `${Math.floor(seconds / 60) % 60}:${String(seconds % 60).padStart(2, '0')}`
  return hours === 0 ? clock : `${hours}:${clock.padStart(5, '0')}`
}
