import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import type { RequestHandler } from 'express'

const publicFolder = join(import.meta.dirname, '../../public')

/** Everything static that is served, and nothing else. */
const files = {
  'app.css': join(publicFolder, 'app.css'),
  'app.js': join(publicFolder, 'app.js'),
  'favicon.svg': join(publicFolder, 'favicon.svg'),
  'htmx.js': createRequire(import.meta.url).resolve('htmx.org/dist/htmx.min.js'),
} as const

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

interface Asset {
  readonly address: string
  readonly content: Buffer
  readonly type: string
}

/** Lazily, so that importing the file reads nothing. */
let loaded: ReadonlyMap<string, Asset> | undefined

function load(): ReadonlyMap<string, Asset> {
  loaded ??= new Map(
    Object.entries(files).map(([name, path]) => {
      const content = readFileSync(path)
      const digest = createHash('sha256').update(content).digest('hex').slice(0, 12)
      const extension = extname(name)
      const address = `/assets/${name.slice(0, -extension.length)}.${digest}${extension}`
      return [name, { address, content, type: types[extension] ?? 'application/octet-stream' }]
    }),
  )
  return loaded
}

/** The address of an asset: its name carries a digest of its content, so that it can be cached for ever. */
export function assetAddress(name: keyof typeof files): string {
  const asset = load().get(name)
  if (!asset) throw new Error(`There is no asset ${name}`)
  return asset.address
}

/** By its address and nothing else: every request comes by here, and a map is asked once for all of them. */
export function assets(): RequestHandler {
  const byAddress = new Map([...load().values()].map((asset) => [asset.address, asset]))
  return (req, res, next) => {
    const isRead = req.method === 'GET' || req.method === 'HEAD'
    const asset = byAddress.get(req.path)
    if (isRead && asset) {
      // Not its address: the digest changes with each version.
      res.locals.route = '/assets/:file'
      res.setHeader('Cache-Control', 'public, max-age=31536000, immutable')
      // The same for everybody, unlike the pages.
      res.removeHeader('Vary')
      res.setHeader('Content-Type', asset.type)
      res.end(asset.content)
    } else if (isRead && req.path === '/favicon.ico') {
      // Browsers ask for it whatever the page says.
      res.locals.route = '/favicon.ico'
      res.setHeader('Cache-Control', 'public, max-age=86400')
      res.redirect(301, assetAddress('favicon.svg'))
    } else next()
  }
}
