import { type Environment, Program } from './program.ts'
import type { Stack } from './stack.ts'

/** Another start of the gateway on the same data; the stack's own has to be stopped. */
export async function withGateway(
  { environment }: Stack,
  settings: Environment,
  during: (gateway: Program) => Promise<void>,
): Promise<void> {
  const gateway = new Program('bff/main.ts', { ...environment, ...settings })
  await gateway.start()
  try {
    await during(gateway)
  } finally {
    await gateway.stop()
  }
}
