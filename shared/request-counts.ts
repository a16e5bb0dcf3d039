import { createRecent } from './recent.ts'

export interface Window {
  readonly hits: number
  /** Milliseconds since 1970. */
  readonly endsAt: number
}

/** Whoever has more addresses than this is not held up by a limit for each of them. */
const most = 10_000

/**
 * Counts in the memory of this process: one more request of the client, whose window begins with its first request and
 * ends so much later.
 */
export function countInMemory(): (client: string, milliseconds: number) => Window {
  const windows = createRecent<Window>(most)

  return (client, milliseconds) => {
    const now = Date.now()
    const last = windows.get(client)
    // One that ends later than it could has begun before the clock was set back.
    const isOpen = last && last.endsAt > now && last.endsAt <= now + milliseconds
    const window = { hits: isOpen ? last.hits + 1 : 1, endsAt: isOpen ? last.endsAt : now + milliseconds }
    windows.set(client, window)
    return window
  }
}
