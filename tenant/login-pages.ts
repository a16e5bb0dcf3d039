import express, { type Request, type RequestHandler, type Response, Router } from 'express'
import type { Interaction, Provider } from 'oidc-provider'
import type { Log } from '../shared/log.ts'
import { endSession } from './end-session.ts'
import { signUpProblem } from './sign-up-form.ts'
import { TenantError } from './tenant-error.ts'
import { demoPassword, demoUsers, type User, type Users } from './users.ts'
import type { Views } from './views.ts'

interface Parts {
  readonly provider: Provider
  readonly users: Users
  readonly views: Views
  readonly log: Log
}

interface Typed {
  readonly email: string
  readonly password: string
}

/**
 * The pages between /authorize and the callback. The cookie of one login is bound to its path /u/UID, which
 * keeps several tabs apart and makes a form that another site prepared worthless.
 */
export function loginPages({ provider, users, views, log }: Parts): Router {
  const show = (
    res: Response,
    page: 'log-in' | 'sign-up',
    interaction: Interaction,
    problem?: string,
    email?: string,
  ) =>
    res.send(
      views(page, {
        path: `/u/${interaction.uid}`,
        email: email ?? hint(interaction),
        problem,
        demoUsers,
        demoPassword,
      }),
    )

  const finish = async (req: Request, res: Response, interaction: Interaction, user: User) => {
    if (interaction.session?.accountId && interaction.session.accountId !== user.id) {
      // Somebody else logs in: the session before ends first, with all that is told to its clients.
      await endSession(provider, req, res)
      interaction.session = undefined
    }
    interaction.result = { login: { accountId: user.id } }
    await interaction.persist()
    res.redirect(303, interaction.returnTo)
  }

  const router = Router()
  router.use('/u', express.urlencoded({ extended: false, limit: '10kb' }), (_req, res, next) => {
    res.set('Cache-Control', 'no-store')
    next()
  })

  const route = (
    path: string,
    answer: (req: Request, res: Response, interaction: Interaction) => unknown,
  ) => {
    const handler: RequestHandler = async (req, res) => {
      await answer(req, res, await openInteraction(provider, req, res))
    }
    return { get: () => router.get(path, handler), post: () => router.post(path, handler) }
  }

  route('/u/:uid', (_req, res, interaction) => show(res, 'log-in', interaction)).get()
  route('/u/:uid/sign-up', (_req, res, interaction) => show(res, 'sign-up', interaction)).get()

  route('/u/:uid', async (req, res, interaction) => {
    const { email, password } = typed(req)
    const user = await users.logIn(email, password)
    if (user) return finish(req, res, interaction, user)
    log.info({ client: interaction.params.client_id }, 'wrong e-mail or password')
    return show(res.status(401), 'log-in', interaction, 'Wrong e-mail address or password.', email)
  }).post()

  route('/u/:uid/demo', async (req, res, interaction) => {
    const user = users.findDemoUser(typed(req).email)
    if (!user) throw new TenantError(400, 'invalid_request', 'There is no such demo user')
    return finish(req, res, interaction, user)
  }).post()

  route('/u/:uid/sign-up', async (req, res, interaction) => {
    const { email, password } = typed(req)
    const problem = signUpProblem({ email, password })
    if (problem) return show(res.status(400), 'sign-up', interaction, problem, email)
    const user = await users.signUp(email, password)
    if (!user) {
      const taken = 'There is an account with this e-mail address already. Log in instead.'
      return show(res.status(400), 'sign-up', interaction, taken, email)
    }
    log.info({ user: user.email }, 'signed up')
    return finish(req, res, interaction, user)
  }).post()

  route('/u/:uid/cancel', (req, res) =>
    provider.interactionFinished(req, res, {
      error: 'access_denied',
      error_description: 'User did not authorize the request',
    }),
  ).post()

  return router
}

async function openInteraction(provider: Provider, req: Request, res: Response): Promise<Interaction> {
  try {
    return await provider.interactionDetails(req, res)
  } catch (cause) {
    const ended = 'This login has ended: it was finished in another tab, or it waited for more than an hour.'
    throw new TenantError(400, 'session_not_found', ended, { cause })
  }
}

function typed({ body }: Request): Typed {
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  return { email: text(body?.email).trim(), password: text(body?.password) }
}

function hint({ params }: Interaction): string {
  return typeof params.login_hint === 'string' ? params.login_hint : ''
}
