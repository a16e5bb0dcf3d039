import { describe, expect, test } from 'vitest'
import { loadConfig } from '../api/config.ts'
import { claimPath, grants } from '../api/permissions.ts'

const permission = 'read:admin-messages'
const namespaced = 'https://example.com/roles'

/** The claims as they come out of a token, where `__proto__` is a name like any other. */
const parsed = (json: string): unknown => JSON.parse(json)

/** Claims with that value at the end of the path. */
const at = (path: string, value: unknown): unknown =>
  claimPath(path).reduceRight<unknown>((inner, name) => ({ [name]: inner }), value)

const sources = [
  'permissions',
  'roles',
  'scope',
  'scp',
  'realm_access.roles',
  'resource_access.messages-api.roles',
  'a.scope',
  namespaced,
]

describe.each(sources)('the claim %s', (path) => {
  const granted = (value: unknown) => grants(at(path, value), claimPath(path), permission)

  test.each([[[permission]], [['openid', permission]], [[permission, '']]])(
    'grants what it lists: %j',
    (list) => {
      expect(granted(list)).toBe(true)
    },
  )

  test.each<[string, unknown]>([
    ['missing', undefined],
    ['an empty list (J32)', []],
    ['another permission', ['read:messages']],
    ['another case (J30)', ['Read:Admin-Messages']],
    ['a blank behind (J30)', ['read:admin-messages ']],
    ['a part of it (J30)', ['read:admin']],
    ['more than it (J30)', ['xread:admin-messages']],
    ['several in one place of a list (J30)', [`read:messages ${permission}`]],
    ['a list in a list (J30)', [[permission]]],
    ['a list of null (J30)', [null]],
    ['a list with something else in it', [permission, 5, null]],
    ['a string that contains it (J29)', 'xread:admin-messages'],
    ['a string that begins with it (J29)', 'read:admin-messages:x'],
    ['an empty string (J29)', ''],
    ['a number (J30)', 5],
    ['null (J30)', null],
    ['true (J30)', true],
    ['an object like a list (J30)', { 0: permission, length: 1 }],
    ['an object (J30)', { [permission]: true }],
    ['an object with a list', { roles: [permission], permissions: [permission] }],
  ])('grants nothing when it is %s: %j', (_what, value) => {
    expect(granted(value)).toBe(false)
  })

  test.each([permission, `openid ${permission}`, `${permission} openid`, ` ${permission}`])(
    'grants what a string with blanks names, %j, only if it is a scope (J29, J31)',
    (value) => {
      expect(granted(value)).toBe(/(^|\.)(scope|scp)$/.test(path))
    },
  )

  test.each(['\t', '\n', ',', ';', '\u00a0', '%20'])(
    'has no other separator than the blank: %j',
    (separator) => {
      expect(granted(`openid${separator}${permission}`)).toBe(false)
    },
  )
})

describe('a path', () => {
  const roles = [permission]
  test.each<[string, string, unknown]>([
    ['a step is missing', 'a.b', {}],
    ['a step is a string', 'a.b', { a: 'b' }],
    ['a step is null', 'a.b', { a: null }],
    ['it ends before its end', 'a.b', { a: roles }],
    ['it goes on behind its end', 'a', { a: { b: roles } }],
    ['it is a name with a dot in it', 'a.b', { 'a.b': roles }],
    ['a name with a colon would have to be cut', namespaced, { 'https://example': { 'com/roles': roles } }],
    ['a step is a list (J30)', 'a.0', { a: [roles] }],
    ['a step is the length of a list', 'a.length', { a: [permission] }],
    ['the claims are a list', '0', [roles]],
    ['the claims are missing', 'permissions', undefined],
    ['a step is inherited', 'constructor.name', {}],
    ['the last step is inherited', 'permissions', Object.create({ permissions: roles })],
    [
      'the token keeps it in __proto__ (J27)',
      'permissions',
      parsed('{"__proto__":{"permissions":["read:admin-messages"]}}'),
    ],
    [
      'a step keeps it in __proto__ (J27)',
      'a.roles',
      parsed('{"a":{"__proto__":{"roles":["read:admin-messages"]}}}'),
    ],
  ])('grants nothing when %s: %s of %j', (_what, path, claims) => {
    expect(grants(claims, claimPath(path), permission)).toBe(false)
  })

  test('may have a name that objects inherit, if the token has it itself', () => {
    const claims = parsed('{"constructor":{"roles":["read:admin-messages"]}}')
    expect(grants(claims, claimPath('constructor.roles'), permission)).toBe(true)
  })
})

describe('PERMISSIONS_CLAIM', () => {
  test.each([
    ['', ['permissions']],
    ['scp', ['scp']],
    ['realm_access.roles', ['realm_access', 'roles']],
    ['resource_access.messages-api.roles', ['resource_access', 'messages-api', 'roles']],
    [namespaced, [namespaced]],
    ['urn:zitadel:iam:org:project:roles', ['urn:zitadel:iam:org:project:roles']],
  ])('%j is read as %j', (value, path) => {
    expect(loadConfig({ PERMISSIONS_CLAIM: value }).permissionsClaim).toEqual(path)
  })

  test.each([
    '.roles',
    'roles.',
    'a..b',
    '.',
    ' roles',
    'roles ',
    'a b',
    'a\tb',
    'a"b',
    "a'b",
    'a\\b',
    '__proto__',
    'a.__proto__',
    '__proto__.roles',
  ])('%j is refused at the start', (value) => {
    expect(() => loadConfig({ PERMISSIONS_CLAIM: value })).toThrow(
      /^Bad settings:\n {2}PERMISSIONS_CLAIM must be the name of a claim/,
    )
  })
})
