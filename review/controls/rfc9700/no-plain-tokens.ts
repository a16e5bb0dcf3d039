import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Control, finding } from '../../control.ts'

export const control: Control = {
  id: 'RFC9700-4.9.3-PLAIN',
  standard: 'RFC 9700',
  section: '4.9.3',
  level: 'MUST',
  demands: 'Tokens are stored and written down nowhere in plain text: not in the storage, not in any log.',
  met: ['bff/session/seal.ts', 'bff/edge/request-log.ts', 'api/request-log.ts'],
  needs: 'embedded',
  check: (target) =>
    target.embedded.another({ LOG_LEVEL: 'trace' }, async (other) => {
      const { stack } = other
      const browser = await other.freshLogin('admin@example.com')
      const { status } = await browser.fetch(other.paths.api)
      const needles = stack.issuedTokens().filter(({ kind }) => /token|secret/.test(kind))
      const places: [string, string][] = [
        ['the gateway’s log', stack.bff.output],
        ['the API’s log', stack.api.output],
        ...readdirSync(join(stack.folder, 'data'), { withFileTypes: true })
          // The tenant keeps hashes; its own files are no part of what is reviewed.
          .filter((entry) => entry.isFile() && !entry.name.startsWith('tenant'))
          .map(({ name }): [string, string] => [
            `the file ${name}`,
            readFileSync(join(stack.folder, 'data', name), 'latin1'),
          ]),
      ]
      return finding([
        {
          ok: needles.length >= 3 && status === 200,
          seen: `a login and a call of the API (${status}), with ${needles.length} tokens and secrets on the back channel`,
        },
        ...places.map(([place, content]) => {
          const found = needles.filter(({ value }) => content.includes(value)).map(({ kind }) => kind)
          return {
            ok: found.length === 0,
            seen: `in ${place}, ${content.length} bytes: ${found.join(', ') || 'none of them'}`,
          }
        }),
      ])
    }),
}
