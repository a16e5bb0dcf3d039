import express from 'express'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadConfig } from '../bff/config.ts'
import { profile } from '../bff/pages/page-data.ts'
import { useViews } from '../bff/pages/views.ts'
import type { Visitor } from '../bff/session/session.ts'
import { attribute, elements } from './support/browser.ts'
import { madeUpText } from './support/skeleton.ts'

const app = express()
useViews(app, loadConfig({}))

/** The profile page of somebody with those claims. */
async function profileOf(more: Readonly<Record<string, unknown>>): Promise<string> {
  const claims = { sub: 'a|1', iss: 'http://127.0.0.1:7070/', ...more }
  const unused = () => Promise.reject(new Error('no view needs it'))
  const times = { expiresAt: Date.now() + 1e6, endsAt: Date.now() + 1e7 }
  const visitor: Visitor = { claims, ...times, accessToken: unused, sessions: unused, endOthers: unused }
  const { data } = await profile({ visitor, requestId: '', traceparent: '', fetchMessage: unused })
  const all = { visitor, data, layout: '/layouts/fragment', title: 'Profile' }
  return new Promise((resolve, reject) => {
    app.render('profile', all, (error, html) => (error ? reject(error) : resolve(html)))
  })
}

test('a picture that somebody made up is none, or one by https or of the identity provider (X01)', async () => {
  const beginnings =
    'https: https:// \thttps:// HTTPS:\\\\ http: // / javascript: java\tscript: data: data:image/svg+xml, blob:https:// ' +
    'filesystem:https:// view-source:https:// vbscript: ftp://x/ http://127.0.0.1:7070/ http://127.0.0.1:70700/ ' +
    'http://127.0.0.1:7070@evil.example/'
  const start = fc.constantFrom('', ...beginnings.split(' '))
  const seen = { none: 0, some: 0 }
  const property = fc.asyncProperty(start, madeUpText, async (beginning, text) => {
    const pictures = elements(await profileOf({ picture: beginning + text }), 'img')
    seen[pictures.length === 0 ? 'none' : 'some'] += 1
    for (const picture of pictures) {
      expect(picture.attrs.map(({ name }) => name)).toEqual(['src', 'alt', 'width', 'height'])
      expect(attribute(picture, 'src')).toMatch(/^(https:\/\/[^/]|http:\/\/127\.0\.0\.1:7070\/)[!-~]*$/)
    }
  })
  await fc.assert(property, { seed: 3, numRuns: 2000 })
  expect(Math.min(seen.none, seen.some)).toBeGreaterThan(100)
})

test.each([
  ['Ada', 'A'],
  ['ada', 'A'],
  ['ß', 'SS'],
  ['🧥 Coat', '🧥'],
  ['𝒜da', '𝒜'],
  ['<b>', '<'],
  ['"', '"'],
  ['\u2028x', '\u2028'],
])('in the place of the picture of %j stands %j: a whole character, and text', async (name, letter) => {
  const html = await profileOf({ name })
  const [hidden] = elements(html, 'span').filter((span) => attribute(span, 'aria-hidden') === 'true')
  expect(hidden?.childNodes.map((node) => 'value' in node && node.value)).toEqual([letter])
  expect(Buffer.from(html).toString()).not.toContain('\ufffd')
})
