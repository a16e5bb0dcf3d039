import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'

/** The values of a file by its groups: `## ` begins one, `#` a remark, every other line is a value in JSON. */
function read(file: string): readonly (readonly [group: string, values: readonly unknown[]])[] {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8')
  return text
    .split('\n## ')
    .slice(1)
    .map((part) => {
      const [group = '', ...lines] = part.split('\n')
      const values = lines.filter((line) => line !== '' && !line.startsWith('#'))
      return [group, values.map((line): unknown => JSON.parse(line))] as const
    })
}

export const hostile = read('hostile-addresses.txt')

export const hostileTexts = hostile.flatMap(([, values]) =>
  values.filter((value) => typeof value === 'string'),
)

/** What becomes of each address that is good. */
export const good = read('good-addresses.txt')
  .flatMap(([, values]) => values)
  .map((value) => (Array.isArray(value) ? value : [value, value]) as [before: string, after: string])

const pieces =
  '/ // \\ \t \n \r \0 \x7f . .. ./ ../ : @ ? # % %2f %5C %2e %0d%0a %252f evil.example localhost 4040 http: https: javascript: login logout api callback admin [ ] ; & = < " \' { | ^ ` \u2044 \uff0f \u3002 \uff1a \u2028 \u00ad \u200b é \ud800'
    .split(' ')
    .concat(' ')

/** Those that a page to come back to may be made of. */
const plainPieces = pieces
  .filter((piece) => /^[!-~]+$/.test(piece) && !/[%\\]/.test(piece))
  .concat('%c0%af', '%EF%BC%8F')

const joined = (...parts: readonly fc.Arbitrary<string>[]) =>
  fc.array(fc.oneof(...parts), { maxLength: 14 }).map((all) => all.join(''))

/** Addresses that nobody thought of, made of what is dangerous in one; half of them pass the first look. */
export const madeUpAddress = fc.oneof(
  joined(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 3 })),
  joined(fc.constantFrom(...plainPieces), fc.constantFrom('a', '|', '"', '1', '/')).map((text) => `/${text}`),
)

/** What holds for every page to come back to, by the parser of this platform. */
export function isLocal(path: string, origin: string): boolean {
  return /^\/(?![/\\])/.test(path) && URL.parse(path, origin)?.origin === origin
}
