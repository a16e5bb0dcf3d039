import express, { type ErrorRequestHandler, type Express } from 'express'
import { errors } from 'jose'
import { KeysOutOfReachError } from '../../shared/issuer-keys.ts'
import type { Log } from '../../shared/log.ts'
import type { Config } from '../config.ts'
import { refuseMethod } from '../edge/refuse-method.ts'
import { HttpError } from '../http-error.ts'
import type { Meters } from '../metrics.ts'
import type { Sessions } from '../session/sessions.ts'
import { readLogoutToken, rememberedFor } from './logout-token.ts'
import type { VerifyToken } from './provider-tokens.ts'

interface Parts {
  readonly config: Config
  readonly sessions: Sessions
  readonly verify: VerifyToken
  readonly log: Log
  readonly meters: Meters | undefined
}

const path = '/backchannel-logout'

/**
 * Where the identity provider says that a user has logged out there (OpenID Connect Back-Channel Logout 1.0).
 * A form that is larger, has more fields or is compressed is nothing a provider sends.
 */
export function addBackchannelLogout(app: Express, { config, sessions, verify, log, meters }: Parts): void {
  const parseForm = express.urlencoded({
    extended: false,
    limit: '10kb',
    parameterLimit: 20,
    inflate: false,
  })
  const { issuer, clientId } = config.provider

  app.post(path, parseForm, async (req, res) => {
    const token: unknown = req.body?.logout_token
    // Two of them are a list: which one counts would be up to the parser.
    if (typeof token !== 'string') throw new errors.JWTInvalid('Not exactly one logout_token')
    const { jti, which } = await readLogoutToken(token, verify, config.logoutTokenTyp)
    // A copy that somebody kept would end the sessions of the next login too.
    const use = `logout token ${issuer} ${clientId} ${jti}`
    const ended = await sessions.firstTime(use, rememberedFor, () => sessions.endListed(which))
    if (ended === undefined) throw new errors.JWTInvalid('"jti" was used before')
    meters?.ended('back-channel logout', ended)
    log.info({ requestId: res.locals.requestId, sessions: ended }, 'back-channel logout')
    res.status(200).end()
  })
  app.all(path, refuseMethod('POST'))
  app.use(path, answerProvider(log, meters))
}

/** The form that section 2.8 asks for. What was wrong stands in the log: whoever guesses at tokens learns nothing. */
function answerProvider(log: Log, meters: Meters | undefined): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    if (error instanceof KeysOutOfReachError) {
      return next(new HttpError(503, error.message, { cause: error.cause, retryAfter: 5 }))
    }
    if (!(error instanceof errors.JOSEError || isParserError(error))) return next(error)
    meters?.denied('logout token')
    log.info({ requestId: res.locals.requestId, reason: error.message }, 'logout token refused')
    const description = 'The request does not carry one valid logout token'
    res.status(400).json({ error: 'invalid_request', error_description: description })
  }
}

/** Express's parser throws errors that say what kind they are. */
function isParserError(error: unknown): error is Error {
  return error instanceof Error && 'type' in error && 'status' in error
}
