const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** Made once: making one takes two hundred times as long as using it, and pages say times with each answer. */
const time = { hour: '2-digit', minute: '2-digit', timeZone: 'UTC', timeZoneName: 'short' } as const
const timeOfDay = new Intl.DateTimeFormat('en-GB', time)
const dateAndTime = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', ...time })
const relativeTime = new Intl.RelativeTimeFormat('en')

/** The server knows no time zone of a visitor; public/app.js puts the visitor's own time in the place of this. */
export function clockTime(at: number, now = Date.now()): string {
  const sameDay = Math.floor(at / day) === Math.floor(now / day)
  return (sameDay ? timeOfDay : dateAndTime).format(at)
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
