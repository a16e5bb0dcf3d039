import { join } from 'node:path'
import { Eta } from 'eta'

/** Renders a page of views/. */
export type Views = (name: string, page: object) => string

export function createViews(gateway: string): Views {
  const eta = new Eta({ views: join(import.meta.dirname, 'views'), cache: true })
  return (name, page) => eta.render(`/${name}`, { page, gateway })
}
