import { appendFileSync, chmodSync } from 'node:fs'
import type { RequestHandler } from 'express'
import type { Provider } from 'oidc-provider'
import { SettingsError } from '../shared/settings.ts'

export type RecordSecret = (kind: string, value: unknown) => void

/**
 * TENANT_TOKEN_LEDGER: a file that gets every secret the tenant issues or receives, one JSON line
 * `{kind, value}` each. It is the list of needles for the proof that none of them reaches a browser; it is
 * not for anything else, and off unless the setting names a file.
 */
export function openLedger(path: string | undefined): RecordSecret | undefined {
  if (path === undefined) return undefined
  try {
    appendFileSync(path, '', { mode: 0o600 })
    chmodSync(path, 0o600)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SettingsError([`TENANT_TOKEN_LEDGER cannot be written: ${reason}`])
  }
  return (kind, value) => {
    if (typeof value === 'string') appendFileSync(path, `${JSON.stringify({ kind, value })}\n`)
  }
}

/** Writes down what the tenant issues. */
export function recordIssued(provider: Provider, record: RecordSecret): void {
  provider.on('authorization.success', (_ctx, response) => record('code', response?.code))
  provider.on('grant.success', ({ body }) => {
    for (const kind of ['access_token', 'refresh_token', 'id_token']) {
      if (typeof body === 'object' && body !== null) record(kind, Reflect.get(body, kind))
    }
  })
}

/** Writes down what clients send, also with requests that are refused. The body has been parsed before. */
export function recordReceived(record: RecordSecret): RequestHandler {
  return (req, _res, next) => {
    const [, credentials] = /^Basic (.+)$/i.exec(req.headers.authorization ?? '') ?? []
    const decoded = credentials && Buffer.from(credentials, 'base64').toString()
    record('client_secret', decoded && decodeURIComponent(decoded.slice(decoded.indexOf(':') + 1)))
    for (const kind of ['client_secret', 'code', 'code_verifier', 'refresh_token']) {
      record(kind, req.body?.[kind])
    }
    next()
  }
}
