interface Window {
  readonly hits: number
  /** Milliseconds since 1970. */
  readonly endsAt: number
}

/** Counts one more request of the client; its window begins with its first request and ends so much later. */
export type Count = (client: string, milliseconds: number) => Promise<Window>

/** Whoever has more addresses than this is not held up by a limit for each of them. */
const most = 10_000

/** Counts of this process, for a gateway that shares its storage with no other machine. */
export function countInMemory(): Count {
  // Forgotten is who has not come again while as many others came. Not one Map that loses its oldest: each look at
  // its first entry would have to step over all that were deleted there, in V8, and a flood would make that slow.
  let recent = new Map<string, Window>()
  let earlier = recent

  return async (client, milliseconds) => {
    const now = Date.now()
    const last = recent.get(client) ?? earlier.get(client)
    // One that ends later than it could has begun before the clock was set back.
    const isOpen = last && last.endsAt > now && last.endsAt <= now + milliseconds
    const window = isOpen ? { ...last, hits: last.hits + 1 } : { hits: 1, endsAt: now + milliseconds }
    recent.set(client, window)
    if (recent.size >= most) {
      earlier = recent
      recent = new Map()
    }
    return window
  }
}
