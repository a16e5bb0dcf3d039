import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMatch } from '../bff/gateway/match.ts'
import { readRoutes } from '../bff/gateway/routes.ts'
import { SettingsError } from '../shared/settings.ts'
import { runToEnd } from './support/program.ts'

const badSettings = 78
let folder: string
let file: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'routes-'))
  file = join(folder, 'routes.json')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (content: unknown) =>
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
const good = { method: 'GET', path: '/api/messages/public', token: 'none' }

function problemsOf(content: unknown): readonly string[] {
  write(content)
  try {
    readRoutes(file)
  } catch (error) {
    if (error instanceof SettingsError) return error.problems
    throw error
  }
  return []
}

describe('a table of routes', () => {
  test('fills in what a row does not say', () => {
    write([good])
    expect(readRoutes(file)).toEqual([
      { ...good, query: [], answers: ['application/json', 'application/problem+json'] },
    ])
    write([])
    expect(readRoutes(file)).toEqual([])
  })

  test('is told everything that is wrong with it at once, by row and name', () => {
    const problems = problemsOf([
      { ...good, method: 'OPTIONS' },
      { ...good, path: '/admin', token: 'maybe' },
      { ...good, tokens: 'visitor' },
      { ...good, query: [''], answers: [] },
      { ...good, method: 'POST', body: { types: ['JSON'], limit: 0 } },
      { ...good, body: { types: ['application/json'], limit: 1 } },
      'GET /api/messages/public',
    ])
    const starts = [
      '0.method',
      '1.path',
      '1.token',
      '2',
      '3.query.0',
      '3.answers',
      '4.body.types.0',
      '4.body.limit',
    ]
    const expected = [...starts, '5.body', '6'].map((place) =>
      expect.stringContaining(`API_ROUTES: ${file}: ${place}: `),
    )
    expect(problems).toEqual(expected)
    expect(problems.join()).toContain('tokens')
    expect(problems.join()).toContain('must be a path below /api')
    expect(problems.join()).toContain('a GET request has no body')
    expect(problems.join()).toContain('must be a media type without parameters')
  })

  test.each([
    '/',
    '/api',
    '/api/',
    'api/x',
    '/API/x',
    '/apix/y',
    '/api//x',
    '/api/x/',
    '/api/..',
    '/api/../x',
    '/api/./x',
    '/api/x.',
    '/api/%61',
    '/api/x?y',
    '/api/x#y',
    '/api/x;y',
    '/api/*',
    '/api/(.*)',
    '/api/:',
    '/api/:a-b',
    '/api/x:y',
    '/api/:a:b',
    '/api/\\x',
    '/api/x\n',
    '//evil/api/x',
    'http://evil/api/x',
  ])('has no path such as %j', (path) => {
    expect(problemsOf([{ ...good, path }])).toHaveLength(1)
  })

  test.each(['/api/x', '/api/x.json', '/api/.well-known', '/api/x~y_z-1', '/api/:id', '/api/a/:b_1/c/:d'])(
    'may have the path %s',
    (path) => {
      expect(problemsOf([{ ...good, path }])).toEqual([])
    },
  )

  test.each(['application/json; charset=utf-8', 'TEXT/HTML', '*/*', 'text/*', 'json', ''])(
    'has no media type such as %j',
    (type) => {
      expect(problemsOf([{ ...good, answers: [type] }])).toHaveLength(1)
    },
  )

  test('says of no two rows the same', () => {
    const rows = ['/api/a', '/api/n/:id', '/api/n/:other', '/api/a'].map((path) => ({ ...good, path }))
    expect(problemsOf([...rows, { ...good, path: '/api/a', method: 'DELETE' }])).toEqual([
      `API_ROUTES: ${file}: GET /api/n/: is listed twice`,
      `API_ROUTES: ${file}: GET /api/a is listed twice`,
    ])
  })

  test('may call one placeholder by two names: it is one path, with the methods of both', () => {
    const match = createMatch([
      { ...good, method: 'GET', path: '/api/n/:id', token: 'visitor', query: [], answers: [] },
      { ...good, method: 'DELETE', path: '/api/n/:number', token: 'visitor', query: [], answers: [] },
    ])
    expect(match({ method: 'DELETE', target: '/api/n/1', headers: {} }).method).toBe('DELETE')
    expect(match({ method: 'GET', target: '/api/n/1', headers: {} }).method).toBe('GET')
    expect(() => match({ method: 'PUT', target: '/api/n/1', headers: {} })).toThrow(
      expect.objectContaining({ status: 405, allow: 'GET, HEAD, DELETE' }),
    )
  })

  test.each(['', '{', 'null', '{}', '"x"', '[null]', '[[]]'])('is none: %j', (content) => {
    expect(problemsOf(content)).toHaveLength(1)
  })
})

describe('a program with a table that is wrong', () => {
  test.each([
    ['main.ts', ['--check']],
    ['main.ts', []],
    ['bff/main.ts', []],
  ])('%s %j says what, and ends with 78', async (program, args) => {
    write([
      { ...good, path: '/admin' },
      { ...good, method: 'X' },
    ])
    const { code, stderr } = await runToEnd(
      program,
      { API_ROUTES: file, DATA_DIR: join(folder, 'data') },
      args,
    )
    expect(code).toBe(badSettings)
    expect(stderr).toContain(`API_ROUTES: ${file}: 0.path: must be a path below /api`)
    expect(stderr).toContain(`API_ROUTES: ${file}: 1.method: `)
    expect(stderr).not.toMatch(/\bat \S+:\d+|node_modules/)
  })

  test('names it among the other bad settings, and a file that is not there', async () => {
    const missing = join(folder, 'missing.json')
    const { code, stderr } = await runToEnd('main.ts', { API_ROUTES: missing, CLIENT_ORIGIN_URL: 'x' }, [
      '--check',
    ])
    expect(code).toBe(badSettings)
    expect(stderr).toContain(`API_ROUTES: ${missing}: ENOENT`)
    expect(stderr).toContain('CLIENT_ORIGIN_URL must be a URL')
  })
})
