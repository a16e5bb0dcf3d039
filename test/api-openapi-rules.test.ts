import { describe, expect, test } from 'vitest'
import { contract } from './support/openapi.ts'
import { Connection } from './support/proof/connection.ts'
import { type Message, messageAt, type Side } from './support/proof/messages.ts'

function message(side: Side, text: string): Message {
  const found = messageAt(Buffer.from(text.replaceAll('\n', '\r\n')), 0, side, 'GET')
  if (!found) throw new Error(`No ${side}: ${text}`)
  return found
}

const always = `X-Request-Id: 7b0c3a52-6d0e-4d0a-9b43-0c9b7f7f1a11
Content-Security-Policy: default-src 'none';frame-ancestors 'none'
Cross-Origin-Opener-Policy: same-origin
Cross-Origin-Resource-Policy: same-origin
Origin-Agent-Cluster: ?1
Referrer-Policy: no-referrer
X-Content-Type-Options: nosniff
X-Frame-Options: DENY
Cache-Control: no-store
Date: Thu, 26 Nov 2026 01:34:18 GMT
Connection: close
`
const answer = (status: number, body: string, more = '') =>
  `HTTP/1.1 ${status} Text\n${more}${always}${
    body ? `Content-Type: application/json; charset=utf-8\nContent-Length: ${Buffer.byteLength(body)}\n` : ''
  }\n${body}`
const ask = (line: string, headers = '') => `${line} HTTP/1.1\nHost: localhost\n${headers}\n`

const text = '{"text":"This is a protected message."}'
const good = answer(200, text)
const withToken = ask('GET /api/messages/protected', 'Authorization: Bearer a.b.c\n')
const notFound = answer(404, '{"message":"Not Found"}')
const noToken = answer(401, '{"message":"Requires authentication"}', 'WWW-Authenticate: Bearer realm="api"\n')
const busy = (retryAfter: string) =>
  answer(503, '{"message":"Unable to verify credentials"}', `Retry-After: ${retryAfter}\n`)

const problems = (request: string | undefined, answered: string) =>
  contract.problems(
    request === undefined ? undefined : message('request', request),
    message('response', answered),
  )

test.each([
  ['a message', withToken, good],
  ['a message with what is left of a limit', withToken, answer(200, text, 'RateLimit: "default";r=9;t=60\n')],
  ['a refusal', ask('GET /api/messages/protected?x=1'), noToken],
  ['an outage', withToken, busy('5')],
  ['no body', ask('OPTIONS /livez'), answer(204, '', 'Allow: GET, HEAD, OPTIONS\n')],
  ['HEAD', ask('HEAD /livez'), answer(200, '{"status":"ok"}').replace('{"status":"ok"}', '')],
  ['an unknown path', ask('GET /nope'), notFound],
  ['an unknown method of an unknown path', ask('FETCH //livez'), notFound],
])('an answer as it is described is taken: %s', (_what, request, answered) => {
  expect(problems(request, answered)).toEqual([])
})

const path = '/api/messages/protected'
describe('an answer is not as it is described', () => {
  test.each([
    ['an undescribed status', withToken, answer(202, text), `GET ${path}: 202: the status is not described`],
    ['one that another method has', ask('GET /livez'), answer(405, '{}'), 'GET /livez: 405: the status'],
    ['one that another path has', ask('GET /livez'), noToken, 'GET /livez: 401: the status'],
    ['a known path taken for none', ask('GET /livez#x'), notFound, 'GET /livez: 404: the status'],
    ['an unknown path that answers', ask('GET /nope'), good, 'GET /nope: 200: the status'],
    ['an unreadable request that is answered', undefined, good, 'an unreadable request: 200: the status'],
    ['an unreadable request taken for a path', undefined, notFound, 'an unreadable request: 404: the status'],
    [
      'a missing header',
      withToken,
      good.replace('X-Frame-Options: DENY\n', ''),
      'header x-frame-options is missing',
    ],
    ['a header more', withToken, good.replace('\n', '\nServer: x\n'), 'header server is not described'],
    [
      'a header of another answer',
      withToken,
      good.replace('\n', '\nRetry-After: 5\n'),
      'header retry-after is not described',
    ],
    [
      'a header twice',
      withToken,
      good.replace('\n', '\nCache-Control: no-store\n'),
      'header cache-control is there twice',
    ],
    ['another value', withToken, good.replace('no-store', 'public'), 'header cache-control: it must be'],
    ['another form', withToken, noToken.replace('"api"', '"x"'), 'header www-authenticate: it must match'],
    ['no number', withToken, busy('soon'), 'header retry-after: it must be integer'],
    ['no second', withToken, busy('0'), 'header retry-after: it must be >= 1'],
    [
      'another body',
      withToken,
      answer(200, text.replace('a p', 'A p')),
      'body: it must be equal to constant',
    ],
    ['a member more', withToken, answer(200, text.replace('{', '{"sub":"x",')), 'body: it must NOT have'],
    ['no JSON', withToken, answer(200, '<p>'), 'body: it must be'],
    ['two JSONs', withToken, answer(200, text + text), 'body: it must be'],
    ['another type', withToken, good.replace('application/json', 'text/html'), 'media type is not described'],
    ['another charset', withToken, good.replace('utf-8', 'utf-7'), 'the media type is not described'],
    ['a body of none', ask('OPTIONS /livez'), good.replace('200', '204'), 'there is a body'],
    ['nobody refused', ask(`GET ${path}`), good, 'an access token is required, and none was sent'],
    [
      'somebody without a token let in',
      ask(`GET ${path}`, 'Authorization: Basic eDp5\n'),
      good,
      'an access token is required',
    ],
  ])('%s', (_what, request, answered, problem) => {
    const found = problems(request, answered)
    expect(found.filter((each) => each.includes(problem)).length, found.join('\n')).toBeGreaterThan(0)
  })
})

describe('the answers of a connection are told apart', () => {
  const nothing = 'HTTP/1.1 204 No Content\n\n'
  test.each<[string, string, string, string[]]>([
    [
      'one behind the other',
      ask('HEAD /1') + ask('GET /2'),
      notFound.replace(/\{.*/, '') + good,
      ['/1 404', '/2 200'],
    ],
    ['an interim one is none', ask('GET /1'), `HTTP/1.1 100 Continue\n\n${nothing}`, ['/1 204']],
    ['one that is cut off is none', ask('GET /1'), good.slice(0, -1), []],
    ['one without a length ends with the connection', ask('GET /1'), 'HTTP/1.1 200 OK\n\n<p>', ['/1 200']],
    ['one to what is no request', 'GET /a b HTTP/1.1\n\n', nothing, ['no request 204']],
    ['bytes that are none', ask('GET /1'), '<!doctype html>\n\n', ['/1  ht']],
    ['bytes behind one that has no body', ask('GET /1'), `${nothing}{}\n\n`, ['/1 204', 'no request ']],
  ])('%s', (_what, requests, answers, expected) => {
    const told: string[] = []
    const connection = new Connection((request, { startLine }) => {
      const of = request?.startLine.split(' ')[1] ?? 'no request'
      told.push(`${of} ${startLine.slice(9, 12)}`)
    })
    connection.add('request', Buffer.from(requests.replaceAll('\n', '\r\n')))
    connection.add('response', Buffer.from(answers.replaceAll('\n', '\r\n')))
    connection.take()
    connection.isClosed = true
    connection.take()
    expect(told).toEqual(expected)
  })
})
