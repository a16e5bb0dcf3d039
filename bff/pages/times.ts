const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** Made once: making one takes two hundred times as long as using it. */
const relativeTime = new Intl.RelativeTimeFormat('en')

/**
 * "14:05 UTC" or "2 Jan, 14:05 UTC". The server knows no time zone of a visitor; public/app.js puts the visitor's own time
 * in the place of this. Cut out of what JavaScript makes of every date ("Fri, 02 Jan 2026 14:05:00 GMT"): pages say times
 * with each answer, and Intl takes ten times as long.
 */
export function clockTime(at: number, now = Date.now()): string {
  const text = new Date(at).toUTCString()
  const time = `${text.slice(-12, -7)} UTC`
  const sameDay = Math.floor(at / day) === Math.floor(now / day)
  return sameDay ? time : `${Number(text.slice(5, 7))} ${text.slice(8, 11)}, ${time}`
}

const units = [
  ['day', day],
  ['hour', hour],
  ['minute', minute],
] as const

/** "3 hours ago", to the minute at best. */
export function timeAgo(at: number, now = Date.now()): string {
  const past = now - at
  const unit = units.find(([, milliseconds]) => past >= milliseconds)
  if (!unit) return 'just now'
  const [name, milliseconds] = unit
  return relativeTime.format(-Math.floor(past / milliseconds), name)
}
