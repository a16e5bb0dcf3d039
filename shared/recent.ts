/** What was used lately, by name. */
export interface Recent<Value> {
  get(name: string): Value | undefined
  set(name: string, value: Value): void
  delete(name: string): void
}

/**
 * Keeps at least the last `most` that were used, and at most twice as many; what was not used for `milliseconds` is
 * forgotten within as many again, with the next that is asked for. Not one Map that loses its oldest: each look at its
 * first entry would have to step over all that were deleted there, in V8, and a flood would make that slow.
 */
export function createRecent<Value>(most: number, milliseconds = Number.POSITIVE_INFINITY): Recent<Value> {
  let recent = new Map<string, Value>()
  let earlier = recent
  let since = Date.now()

  const turn = () => {
    earlier = recent
    recent = new Map()
    since = Date.now()
  }
  const set = (name: string, value: Value) => {
    recent.set(name, value)
    if (recent.size >= most) turn()
  }
  return {
    get: (name) => {
      if (Math.abs(Date.now() - since) > milliseconds) turn()
      const value = recent.get(name)
      if (value !== undefined) return value
      const old = earlier.get(name)
      if (old !== undefined) set(name, old)
      return old
    },
    set,
    delete: (name) => {
      recent.delete(name)
      earlier.delete(name)
    },
  }
}
