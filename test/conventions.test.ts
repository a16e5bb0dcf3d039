import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { Eta } from 'eta'
import { describe, expect, test } from 'vitest'
import { apiSettings } from '../api/config.ts'
import { gatewaySettings } from '../bff/config.ts'
import { tenantSettings } from '../tenant/config.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const code = globSync(['main.ts', '{shared,bff,api,tenant}/**/*.ts'], { cwd: root }).sort()
const views = globSync('{views,tenant/views}/**/*.eta', { cwd: root }).sort()
const settings = [
  ...new Set(Object.keys({ ...gatewaySettings, ...apiSettings, ...tenantSettings })),
].toSorted()

/** The files of ours that a file imports, and the packages. */
function importsOf(file: string): { files: string[]; packages: string[] } {
  const specifiers = [...read(file).matchAll(/(?:from|import\(|import) ?'([^']+)'/g)].map(
    ([, name]) => name ?? '',
  )
  const local = specifiers.filter((name) => name.startsWith('.'))
  return {
    files: local.map((name) => relative(root, join(root, dirname(file), name))),
    packages: specifiers.filter((name) => !name.startsWith('.')),
  }
}

describe('the programs', () => {
  test('share no code but what is in shared/', () => {
    for (const program of ['bff', 'api', 'tenant', 'shared']) {
      for (const file of code.filter((name) => name.startsWith(`${program}/`))) {
        for (const imported of importsOf(file).files) {
          expect(imported, file).toMatch(new RegExp(`^(${program}|shared)/`))
        }
      }
    }
  })

  test('are looked at from outside by the review: it imports nothing of theirs', () => {
    const files = globSync('review/**/*.ts', { cwd: root })
    expect(files.length).toBeGreaterThan(150)
    for (const file of files) {
      for (const imported of importsOf(file).files)
        expect(imported, file).toMatch(/^(review|shared|test\/support)\//)
    }
  })

  test('leave the identity provider’s library to the tenant, and the login library to the login', () => {
    const users = (name: string) => code.filter((file) => importsOf(file).packages.includes(name))
    expect(users('express-openid-connect')).toEqual(['bff/login/oidc.ts'])
    expect(users('http-proxy-middleware')).toEqual(['bff/gateway/forward.ts'])
    expect(users('@redis/client')).toEqual([
      'bff/session/redis-connection.ts',
      'bff/session/redis-scripts.ts',
    ])
    for (const file of users('oidc-provider')) expect(file).toMatch(/^tenant\//)
  })

  test('touch the process in main.ts only, which hands it to the one file that needs it', () => {
    const users = code.filter((file) => /\bprocess\.(env|argv|exit|on)\b/.test(read(file)))
    expect(users.filter((file) => !/(^|\/)main\.ts$/.test(file))).toEqual(['shared/program.ts'])
    expect(read('shared/program.ts')).toContain('process: NodeJS.Process')
    for (const file of code) expect(importsOf(file).packages, file).not.toContain('node:process')
  })
})

test('no dependency runs anything when it is installed, and each is what it was when it was taken (H10)', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { hasInstallScript?: boolean; integrity?: string; resolved?: string }>
  }
  const { '': own, ...others } = packages
  expect(own).toBeDefined()
  for (const [name, { hasInstallScript, integrity }] of Object.entries(others)) {
    expect([name, hasInstallScript, integrity?.slice(0, 7)]).toEqual([name, undefined, 'sha512-'])
  }
})

test('what a running program consists of may be used by everybody, for everything', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { dev?: boolean; license?: string }>
  }
  const free = [
    'MIT',
    'ISC',
    'BSD-0-Clause',
    'BSD-2-Clause',
    'BSD-3-Clause',
    '0BSD',
    'Apache-2.0',
    'BlueOak-1.0.0',
  ]
  const shipped = Object.entries(packages).filter(([name, { dev }]) => name !== '' && !dev)
  expect(shipped.length).toBeGreaterThan(100)
  for (const [name, { license }] of shipped)
    expect([name, free.includes(license ?? '')]).toEqual([name, true])
})

describe('the rooms of the gateway', () => {
  const everybody = ['bff/api-agent.ts', 'bff/config.ts', 'bff/http-error.ts', 'bff/metrics.ts']
  const rooms: Readonly<Record<string, readonly string[]>> = {
    edge: [],
    session: [],
    login: ['session', 'edge'],
    gateway: ['session', 'edge'],
    pages: ['session', 'edge'],
    operator: ['session', 'edge', 'gateway'],
  }

  test('are all here', () => {
    const folders = new Set(code.flatMap((file) => /^bff\/(\w+)\//.exec(file)?.[1] ?? []))
    expect([...folders].toSorted()).toEqual(Object.keys(rooms).toSorted())
  })

  test.each(Object.entries(rooms))('%s imports from the rooms %j and no other', (room, allowed) => {
    for (const file of code.filter((name) => name.startsWith(`bff/${room}/`))) {
      for (const imported of importsOf(file).files.filter((name) => name.startsWith('bff/'))) {
        if (everybody.includes(imported)) continue
        const [, target = ''] = imported.split('/')
        expect([room, ...allowed], `${file} imports ${imported}`).toContain(target)
      }
    }
  })
})

describe('the settings', () => {
  test('are in .env.example, all of them and no other', () => {
    const named = [...read('.env.example').matchAll(/^([A-Z0-9_]+)=/gm)].map(([, name = '']) => name)
    expect(named.toSorted()).toEqual(settings)
  })

  test('are in the table of the README, all of them and no other', () => {
    const [, section = ''] = /## Settings\n(.*?)\n## /s.exec(read('README.md')) ?? []
    const rows = section.split('\n').filter((line) => line.startsWith('| `'))
    const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([A-Z0-9_]+)`/g)])
    expect(named.map(([, name = '']) => name).toSorted()).toEqual(settings)
  })
})

describe('the views', () => {
  test.each(views)('%s compiles, and puts nothing unescaped but views', (file) => {
    const eta = new Eta({ views: join(root, file.startsWith('tenant') ? 'tenant/views' : 'views') })
    expect(eta.compile(read(file))).toBeTypeOf('function')
    for (const [, expression] of read(file).matchAll(/<%~\s*(.*?)\s*%>/gs)) {
      expect(expression).toMatch(/^(it\.body|block\('\w+'\)|include\()/)
    }
  })

  test.each(views)('%s has no inline script, style or handler', (file) => {
    expect(read(file)).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/i)
  })
})

test.each(code)('%s is short enough to do one job', (file) => {
  expect(read(file).split('\n').length).toBeLessThan(200)
})
