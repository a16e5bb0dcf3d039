import { inBodies } from './bodies.ts'
import { inErrorsAndRedirects } from './errors-and-redirects.ts'
import { inCookies, inHeaders } from './headers-and-cookies.ts'
import type { Leak, Planted } from './leak.ts'
import { inLogsAndStorage } from './logs-and-storage.ts'

const seenAt = (where: RegExp, planted: readonly Planted[]): Leak[] =>
  planted.map((leak) => ({ ...leak, where }))

export const leaks: readonly Leak[] = [
  ...seenAt(/^to the browser: GET \S+(: header \S+|: between and behind the chunks)?$/, inHeaders),
  ...seenAt(/^to the browser: GET \S+: set-cookie /, inCookies),
  ...seenAt(/^to the browser: GET \S+: body$/, inBodies),
  ...seenAt(/^to the browser: (GET|POST) \S+: (body|header location)$/, inErrorsAndRedirects),
  ...seenAt(/^(output of \S+|storage: sessions\.db)$/, inLogsAndStorage),
]
