import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EmbeddedTarget, startEmbedded } from '../review/embedded.ts'
import { runToEnd } from './support/program.ts'
import { review } from './support/review.ts'

const folder = mkdtempSync(join(tmpdir(), 'review-'))
const paths = { login: '/login', logout: '/logout', page: '/profile', api: '/api/messages/protected' }
let gateway: EmbeddedTarget
let cookie: string
let certificate: { readonly NODE_EXTRA_CA_CERTS: string }
beforeAll(async () => {
  gateway = await startEmbedded('bff/main.ts', paths)
  const { target } = gateway
  cookie = await (await target.freshLogin()).jar.getCookieString(target.baseUrl)
  certificate = { NODE_EXTRA_CA_CERTS: target.stack.environment.NODE_EXTRA_CA_CERTS ?? '' }
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const reviewIt = (environment: Record<string, string> = {}) =>
  review(folder, ['--url', gateway.target.baseUrl], { ...certificate, ...environment })
const count = (controls: readonly { verdict: string }[], ...verdicts: string[]) =>
  controls.filter(({ verdict }) => verdicts.includes(verdict)).length

test('a gateway that runs somewhere is reviewed from outside, and what cannot be seen is said to be unchecked', async () => {
  const { code, report, stdout } = await reviewIt()
  expect(report.controls.filter(({ verdict }) => verdict === 'failed')).toEqual([])
  expect(code).toBe(0)
  for (const control of report.controls) {
    if (control.needs === 'nothing') expect([control.id, control.verdict]).not.toContain('not checked')
    else expect([control.id, control.verdict]).toEqual([control.id, 'not checked'])
  }
  expect(count(report.controls, 'met', 'excepted')).toBeGreaterThan(20)
  // An exception of what was not checked is not stale.
  expect(report.staleExceptions).toEqual([])
  expect(stdout).toContain(gateway.target.baseUrl)
})

test('with a session in REVIEW_COOKIE more is checked; the session is not used up, nor shown', async () => {
  const { code, report, stdout } = await reviewIt({ REVIEW_COOKIE: cookie })
  expect(report.controls.filter(({ verdict }) => verdict === 'failed')).toEqual([])
  expect(code).toBe(0)
  for (const { id, needs, verdict } of report.controls)
    expect([id, verdict === 'not checked']).toEqual([id, needs === 'embedded'])
  const [, value = 'none'] = cookie.split('=')
  expect(stdout + JSON.stringify(report)).not.toContain(value)
  const { status } = await gateway.target.visitor({ cookie }).fetch(paths.api)
  expect(status).toBe(200)
})

test('a session that is none ends it with 2: each control would fail for the wrong reason', async () => {
  const environment = { ...certificate, REVIEW_COOKIE: '__Host-Http-ticket=nobody-s' }
  const { code, stderr } = await runToEnd('review/main.ts', environment, ['--url', gateway.target.baseUrl])
  expect([code, stderr]).toEqual([2, expect.stringContaining('Nobody is logged in with REVIEW_COOKIE')])
})
