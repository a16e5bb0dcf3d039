import { type DestinationStream, type Logger, pino } from 'pino'
import { openStandardOutput } from './standard-output.ts'

export type Log = Logger

/**
 * JSON lines on standard output; readable lines when it is a terminal.
 * The message of a line is fixed words; what varies goes into fields.
 */
export async function createLog(program: string, level: string): Promise<Log> {
  const options = {
    level,
    base: { program },
    timestamp: createTimestamp(),
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  }
  return pino(options, process.stdout.isTTY ? await prettyLines() : openStandardOutput())
}

/** As pino wants it in a line. Made once for all lines of a millisecond: it takes as long as the rest of a line. */
function createTimestamp(): () => string {
  let last = 0
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== last) text = `,"time":"${new Date(now).toISOString()}"`
    last = now
    return text
  }
}

async function prettyLines(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty')
  return pretty({ sync: true, ignore: 'pid,hostname', messageFormat: '[{program}] {msg}' })
}

interface ErrorDescription {
  type: string
  message: string
  code?: unknown
  stack?: string | undefined
  cause?: ErrorDescription
}

/**
 * Name, message, code, stack and causes, nothing else. Do not replace this with pino's own serializer: it
 * copies every property of an error, and OAuth libraries attach whole token responses to theirs.
 */
function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  return {
    type: error.name,
    message: error.message,
    ...('code' in error && { code: error.code }),
    stack: error.stack,
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
  }
}
