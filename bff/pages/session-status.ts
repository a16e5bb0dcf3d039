import type { Visitor } from '../session/session.ts'
import { clockTime } from './times.ts'

/** How long somebody stays logged in, as pages say it. */
export interface SessionStatus {
  /** When the session ends if nothing more is asked for: for people, and for programs. */
  readonly until: { readonly text: string; readonly iso: string }
  /** When it ends whatever is asked for. */
  readonly atTheLatest: { readonly text: string; readonly iso: string }
  /** Nothing makes it longer any more. */
  readonly isFinal: boolean
  /** It is time to warn. */
  readonly endsSoon: boolean
  /** Seconds after which this has to be looked at again: at the warning, or at the end. */
  readonly askAgainIn: number
}

const day = 86_400

/** Warns two minutes before the end; in the last third of idle times that are shorter than six minutes. */
export function sessionStatus(
  { expiresAt, endsAt }: Pick<Visitor, 'expiresAt' | 'endsAt'>,
  idleSeconds: number,
  now = Date.now(),
): SessionStatus {
  const left = (expiresAt - now) / 1000
  const warning = Math.min(120, idleSeconds / 3)
  const endsSoon = left <= warning
  const seconds = Math.ceil(endsSoon ? left : left - warning)
  return {
    until: time(expiresAt, now),
    atTheLatest: time(endsAt, now),
    isFinal: expiresAt >= endsAt,
    endsSoon,
    // Timers of browsers overflow after 24 days, and then ring at once.
    askAgainIn: Math.min(Math.max(seconds, 1), day),
  }
}

const time = (at: number, now: number) => ({ text: clockTime(at, now), iso: new Date(at).toISOString() })
