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
  // Forgotten is who has not come again while as many others came. Not one Map that loses its oldest: each look at
  // its first entry would have to step over all that were deleted there, in V8, and a flood would make that slow.
  let recent = new Map<string, Window>()
  let earlier = recent

  return (client, milliseconds) => {
    const now = Date.now()
    const last = recent.get(client) ?? earlier.get(client)
    // One that ends later than it could has begun before the clock was set back.
    const isOpen = last && last.endsAt > now && last.endsAt <= now + milliseconds
    const window = { hits: isOpen ? last.hits + 1 : 1, endsAt: isOpen ? last.endsAt : now + milliseconds }
    recent.set(client, window)
    if (recent.size >= most) {
      earlier = recent
      recent = new Map()
    }
    return window
  }
}
