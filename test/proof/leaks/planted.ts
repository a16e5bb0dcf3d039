import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../support/ports.ts'
import { Program } from '../../support/program.ts'
import type { Found } from '../../support/proof/seen.ts'
import { worker } from '../../support/proof/worker.ts'
import type { Stack } from '../../support/stack.ts'
import type { Edit } from './leak.ts'
import { tour } from './tour.ts'

const root = join(import.meta.dirname, '../../..')

/** A copy of the programs with these changes. Throws when one does not fit: the leak has to be planted anew. */
function plant(edits: readonly Edit[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-leak-'))
  for (const name of ['bff', 'api', 'shared', 'views', 'public', 'package.json']) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const [file, before, after] of edits) {
    const parts = readFileSync(join(folder, file), 'utf8').split(before)
    if (parts.length !== 2) throw new Error(`Not once in ${file}: ${before}`)
    writeFileSync(join(folder, file), parts.join(after))
  }
  return folder
}

/**
 * Runs a gateway with a leak on the stack's port (whose own gateway has to be stopped) through the tour, and says what
 * is found of it: in what it sent, in its log, and in its storage.
 */
export async function foundIn(
  stack: Stack,
  edits: readonly Edit[],
  guard: 'on' | 'off',
): Promise<{ found: readonly Found[]; statuses: Record<string, number | undefined> }> {
  const folder = plant(edits)
  const [apiPort] = await freePorts(1)
  const environment = {
    ...stack.environment,
    TOKEN_GUARD: guard,
    DATA_DIR: join(folder, 'data'),
    ...(edits.some(([file]) => file.startsWith('api/')) && { API_PORT: String(apiPort) }),
  }
  const programs = [new Program(join(folder, 'bff/main.ts'), environment)]
  if (environment.API_PORT !== stack.environment.API_PORT) {
    programs.push(new Program(join(folder, 'api/main.ts'), environment))
  }
  try {
    await Promise.all(programs.map((program) => program.start()))
    const statuses = await tour(stack.baseUrl)
    await Promise.all(programs.map((program) => program.stop()))
    worker.lookIntoFolder(join(folder, 'data'))
    return { found: worker.takeFound(), statuses }
  } finally {
    await Promise.all(programs.map((program) => program.stop()))
    rmSync(folder, { recursive: true })
  }
}
