import { createRecent } from '../../shared/recent.ts'

/** The content of rows that were opened lately. They keep nobody logged in: see docs/decisions/024-rows-kept-in-memory.md. */
export interface OpenedRows<Content> {
  /** What is in these bytes of a row. `open` is called if the row had others, or none, when it was last opened. */
  contentOf(key: string, sealed: Uint8Array, open: () => Content | undefined): Content | undefined
  /** The row is gone, and with it what was in it. */
  forget(key: string): void
}

/** How many are kept at least, of four kilobytes each; and in milliseconds for how long when nobody uses them. */
const most = 5000
const keptFor = 60_000

/**
 * The row itself is read with every request, so that whatever anybody does to it counts at once; but the same bytes under the
 * same key are not opened again, which takes more time than reading them.
 */
export function createOpenedRows<Content>(): OpenedRows<Content> {
  const rows = createRecent<{ sealed: Uint8Array; content: Content }>(most, keptFor)
  return {
    contentOf: (key, sealed, open) => {
      const known = rows.get(key)
      if (known && isSame(known.sealed, sealed)) return known.content
      const content = open()
      if (content !== undefined) rows.set(key, { sealed, content })
      return content
    },
    forget: (key) => rows.delete(key),
  }
}

const isSame = (bytes: Uint8Array, others: Uint8Array) =>
  bytes === others || Buffer.compare(bytes, others) === 0
