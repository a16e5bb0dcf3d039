import type { Page } from '../test/support/browser.ts'
import type { Target } from './target.ts'

/** In the order of the report. */
export const standards = [
  'RFC 10017',
  'RFC 9700',
  'RFC 9068',
  'RFC 6750',
  'OIDC Back-Channel Logout',
  'ASVS 5.0',
] as const
export type Standard = (typeof standards)[number]

/** One demand of a standard and how it is checked; each has a file of its own in controls/. */
export interface Control {
  /** Stable: exceptions and SARIF go by it. */
  readonly id: string
  readonly standard: Standard
  readonly section: string
  /** `described`: what the text describes without one of the words of RFC 2119. */
  readonly level: 'MUST' | 'SHOULD' | 'MAY' | 'described' | 'L1' | 'L2' | 'L3'
  /** In one plain sentence of our own. */
  readonly demands: string
  /** The files that meet it. */
  readonly met: readonly string[]
  /** What the check cannot do without: nobody's help, a session, or programs that it started itself. */
  readonly needs: 'nothing' | 'login' | 'embedded'
  readonly check: (target: Target) => Promise<Finding>
}

export interface Finding {
  readonly verdict: 'met' | 'failed' | 'not applicable'
  /** What was sent and what came back. */
  readonly evidence: readonly string[]
}

/** One thing that was looked at, and whether it is as it should be. */
export interface Probe {
  readonly ok: boolean
  readonly seen: string
}

/** `asked` in words, what came back, and those of its headers that matter here. */
export function probe(ok: boolean, asked: string, page: Page, ...headers: readonly string[]): Probe {
  const shown = headers.map((name) => `${name}: ${page.headers.get(name) ?? '(none)'}`)
  return { ok, seen: [`${asked} → ${page.status}`, ...shown].join(', ') }
}

/** Met when all is as it should be. What is not comes first, marked. */
export function finding(probes: readonly Probe[]): Finding {
  const wrong = probes.filter(({ ok }) => !ok)
  const right = probes.filter(({ ok }) => ok)
  return {
    verdict: wrong.length === 0 ? 'met' : 'failed',
    evidence: [...wrong.map(({ seen }) => `✗ ${seen}`), ...right.map(({ seen }) => seen)],
  }
}

export const notApplicable = (why: string): Finding => ({ verdict: 'not applicable', evidence: [why] })
