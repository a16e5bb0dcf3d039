import { once } from 'node:events'
import { createServer } from 'node:net'

/** Apart for each of the test runner's workers, and below the ports that systems take for outgoing connections. */
const width = 4000
const first = 11_000 + (Number(process.env.VITEST_POOL_ID ?? 0) % 5) * width
let offset = Math.floor(Math.random() * width)

/** Ports that nobody listens on right now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    offset = (offset + 1) % width
    // Kept here: whoever asks at the same time moves the offset on meanwhile.
    const port = first + offset
    if (await isFree(port)) ports.push(port)
  }
  return ports
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, 'localhost')
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
