import type { Log } from '../shared/log.ts'

/** What oidc-provider says on every start or first request here, and why it does not matter. */
const known = [
  // It looks for the name of a long-term-support release; Node 26 has none before October.
  'Unsupported runtime',
  // body.ts reads the bodies that may be JSON, which oidc-provider does not understand.
  'already parsed request body detected',
]

/**
 * oidc-provider speaks through the console, from the moment it is imported. Everything but the known
 * notices becomes a line of the log.
 */
export function captureLibraryNotices(log: Log): void {
  const capture = (message: unknown) => {
    const notice = String(message)
    if (!known.some((words) => notice.includes(words))) log.warn({ notice }, 'library notice')
  }
  Object.assign(console, { warn: capture, info: capture, error: capture })
}
