import { randomUUID } from 'node:crypto'

/** A place in a trace: what a traceparent says (W3C Trace Context, level 1, section 3.2). */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  readonly sampled: boolean
}

/** The trace that a request belongs to. */
export interface RequestTrace {
  readonly traceId: string
  /** As it is passed on. */
  readonly traceparent: string
  /** Whether a caller that may say so has begun it; if not, this program has. */
  readonly isTakenOver: boolean
}

const format = /^00-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})$/

/**
 * Version 00 and nothing else, letter for letter. Of two headers Node makes one with a comma in it, which is none: whose
 * trace it is must not be a guess.
 */
export function parseTraceparent(value: unknown): TraceContext | undefined {
  const [, traceId, spanId, flags] = (typeof value === 'string' && format.exec(value)) || []
  if (traceId === undefined || spanId === undefined) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags ?? '', 16) & 1) === 1 }
}

/**
 * A trace that begins here. Its id is the request's, if that is a UUID, so that whoever has one has the other. It says
 * "sampled": whoever comes next and records traces records this one.
 */
export function newTraceparent(requestId: string): string {
  const traceId = uuid.test(requestId) ? digitsOf(requestId) : randomHex()
  return `00-${traceId}-${randomHex().slice(0, 16)}-01`
}

/** The trace of a request: the caller's, if `given` is well-formed, or one that begins here. */
export function traceOf(given: unknown, requestId: string): RequestTrace {
  const isTakenOver = parseTraceparent(given) !== undefined
  const traceparent = isTakenOver ? String(given) : newTraceparent(requestId)
  return { traceId: traceparent.slice(3, 35), traceparent, isTakenOver }
}

const uuid = /^(?![0-]+$)[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

/** Of a UUID. By places, in a fifth of the time that replaceAll takes. */
const digitsOf = (id: string) =>
  id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24)

/** 32 digits, made of a UUID: the first 16 alone are never all zeros either, the version is among them. */
export const randomHex = (): string => digitsOf(randomUUID())
