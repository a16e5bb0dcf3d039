import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../test/support/program.ts'
import { startStack } from '../test/support/stack.ts'
import { Front } from './front.ts'
import { type Paths, Target } from './target.ts'

export interface EmbeddedTarget extends AsyncDisposable {
  readonly target: Target
}

/** Starts the three programs on free ports, with `program` as the gateway, behind something that ends TLS. */
export async function startEmbedded(
  program: string,
  paths: Paths,
  settings: Environment = {},
): Promise<EmbeddedTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'review-'))
  const front = await Front.open(folder)
  const ending: AsyncDisposable[] = [
    {
      [Symbol.asyncDispose]: async () => {
        await front.close()
        rmSync(folder, { recursive: true, force: true })
      },
    },
  ]
  const stop = async () => {
    for (const each of ending.toReversed()) await each[Symbol.asyncDispose]()
  }
  try {
    const tls = { BASE_URL: front.url, NODE_EXTRA_CA_CERTS: front.certificateFile }
    const stack = await startStack({ ...tls, ...settings }, program)
    ending.push(stack)
    front.port = Number(stack.environment.BFF_PORT)
    const target = new Target(front.url, {
      paths,
      embedded: {
        stack,
        program,
        another: async (more, during) => {
          await using other = await startEmbedded(program, paths, more)
          return await during(other.target)
        },
        keep: async (more, ...parts) => {
          ending.push(...parts)
          const other = await startEmbedded(program, paths, more)
          ending.push(other)
          return other.target
        },
      },
    })
    return { target, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}
