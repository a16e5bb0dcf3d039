import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../../test/support/ports.ts'
import { Program } from '../../../test/support/program.ts'
import { type Control, finding } from '../../control.ts'

/** Whether the gateway starts with settings for production and its API there. */
async function serves(program: string, api: string): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'review-'))
  const [port] = await freePorts(1)
  const gateway = new Program(program, {
    NODE_ENV: 'production',
    BFF_PORT: String(port),
    BASE_URL: 'https://gateway.example',
    ISSUER_URL: 'https://provider.example/',
    AUTH0_CLIENT_ID: 'the-client',
    AUTH0_CLIENT_SECRET: randomBytes(32).toString('base64url'),
    SESSION_SECRET: randomBytes(48).toString('base64url'),
    DATA_DIR: folder,
    API_SERVER_URL: api,
  })
  try {
    return await gateway.start().then(
      () => true,
      () => false,
    )
  } finally {
    await gateway.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

export const control: Control = {
  id: 'RFC9700-4.13-LINK',
  standard: 'RFC 9700',
  section: '4.13',
  level: 'MUST',
  demands:
    'Between gateway and API tokens are protected against being read and injected: in production TLS, or one machine.',
  met: ['bff/config-problems.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { program } = target.embedded
    const [plain, encrypted] = [
      await serves(program, 'http://api.internal:6060'),
      await serves(program, 'https://api.internal:6060'),
    ]
    return finding([
      {
        ok: !plain,
        seen: `in production with API_SERVER_URL=http://api.internal:6060 the gateway ${plain ? 'serves' : 'does not start'}`,
      },
      {
        ok: encrypted,
        seen: `with https://api.internal:6060 it ${encrypted ? 'serves' : 'does not start'}`,
      },
    ])
  },
}
