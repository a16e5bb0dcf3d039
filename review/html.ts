import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Eta } from 'eta'
import { standards } from './control.ts'
import type { About } from './reports.ts'
import { type Outcome, type Verdict, verdicts, verdictsOf } from './run.ts'

const titles = {
  'RFC 10017': ['OAuth 2.0 for Browser-Based Applications', 'https://www.rfc-editor.org/rfc/rfc10017'],
  'RFC 9700': ['Best Current Practice for OAuth 2.0 Security', 'https://www.rfc-editor.org/rfc/rfc9700'],
  'RFC 9068': ['JWT Profile for OAuth 2.0 Access Tokens', 'https://www.rfc-editor.org/rfc/rfc9068'],
  'RFC 6750': ['Bearer Token Usage', 'https://www.rfc-editor.org/rfc/rfc6750'],
  'OIDC Back-Channel Logout': [
    'OpenID Connect Back-Channel Logout 1.0',
    'https://openid.net/specs/openid-connect-backchannel-1_0.html',
  ],
  'ASVS 5.0': [
    'OWASP Application Security Verification Standard',
    'https://github.com/OWASP/ASVS/tree/v5.0.0',
  ],
} as const

const signs: Readonly<Record<Verdict, string>> = {
  failed: '✗',
  excepted: '!',
  met: '✓',
  'not applicable': '–',
  'not checked': '?',
}

/** One file without scripts, which loads nothing from anywhere: to be mailed, kept and printed. */
export function asHtml(outcome: Outcome, about: About): string {
  const eta = new Eta({ views: import.meta.dirname })
  return eta.render('/report', {
    about,
    css: readFileSync(join(import.meta.dirname, 'report.css'), 'utf8'),
    date: about.startedAt.toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }),
    failed: verdictsOf(outcome, 'failed'),
    excepted: verdictsOf(outcome, 'excepted'),
    counts: countsOf(outcome.results.map(({ verdict }) => verdict)),
    total: outcome.results.length,
    stale: outcome.stale,
    signs,
    classOf: (verdict: Verdict) => verdict.replace(' ', '-'),
    standards: standards.flatMap((name) => {
      const results = outcome.results.filter(({ control }) => control.standard === name)
      const [title, address] = titles[name]
      const counts = countsOf(results.map(({ verdict }) => verdict))
      return results.length === 0 ? [] : [{ name, title, address, results, counts }]
    }),
  })
}

const countsOf = (all: readonly Verdict[]) =>
  verdicts.map((verdict) => ({ verdict, count: all.filter((each) => each === verdict).length }))
