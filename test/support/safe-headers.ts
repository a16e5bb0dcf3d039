import { expect } from 'vitest'

/** What every answer has, whoever asked for whatever, but for its Cache-Control and its policy. */
export function expectSafe({ headers }: { readonly headers: Headers }, { isSecure = false } = {}): void {
  const features = 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'
  expect(Object.fromEntries(headers)).toMatchObject({
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': features,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  })
  expect(headers.get('referrer-policy')).toMatch(/^(same-origin|no-referrer)$/)
  expect(headers.get('content-security-policy')).not.toContain('unsafe')
  expect(headers.get('strict-transport-security')).toBe(
    isSecure ? 'max-age=31536000; includeSubDomains' : null,
  )
  const telling = [
    'x-powered-by',
    'server',
    'via',
    'server-timing',
    'etag',
    'last-modified',
    'timing-allow-origin',
  ]
  for (const name of telling) expect([name, headers.get(name)]).toEqual([name, null])
  expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
}
