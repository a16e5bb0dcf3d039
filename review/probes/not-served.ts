import { type Finding, finding, type Probe, probe } from '../control.ts'
import type { Target } from '../target.ts'

/** None of these is to be had. A redirect to log in is no file either. */
export async function notServed(target: Target, paths: readonly string[]): Promise<Finding> {
  const probes: Probe[] = []
  for (const path of paths) {
    const answer = await target.anonymous(path)
    probes.push(probe(answer.status >= 300, `GET ${path}`, answer))
  }
  return finding(probes)
}
