import Type from 'typebox'
import { Id, Ok } from '#shared/api/common.ts'
import { RecoveryCodes, SecondFactorCode, SecondFactorKey, SecondFactorProof } from '#shared/api/session.ts'
import type { Actor, App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { wrongField } from '../platform/problem.ts'
import { passwordFits } from './passwords.ts'
import { beginFactor, confirmFactor, endFactor, renewRecoveryCodes, useCode } from './second-factor.ts'
import { countAttempt, forgetAttempts } from './throttle.ts'

export function secondFactorRoutes(app: App): void {
  app.routes.push(
    route({
      method: 'POST',
      url: '/me/second-factor',
      access: 'signed-in',
      summary: 'Makes a key for an authenticator app. It counts once a code of it has been confirmed.',
      body: Type.Object({ password: Type.String({ minLength: 1, maxLength: 1000 }) }),
      answer: SecondFactorKey,
      secretAnswer: true,
      async handle({ actor, body }) {
        await checkOwnPassword(app, actor, body.password)
        return app.db.transaction((tx) => beginFactor(app, tx, actor))
      },
    }),
    route({
      method: 'POST',
      url: '/me/second-factor/confirm',
      access: 'signed-in',
      summary: 'Puts the key in force with a code of it; answers with the recovery codes, which are shown only here.',
      body: SecondFactorCode,
      answer: RecoveryCodes,
      secretAnswer: true,
      async handle({ actor, body }) {
        await countAttempt(app.db, 'password', actor.userId)
        const codes = await app.db.transaction((tx) => confirmFactor(app, tx, actor, body.code))
        await forgetAttempts(app.db, 'password', actor.userId)
        return codes
      },
    }),
    route({
      method: 'POST',
      url: '/me/second-factor/recovery-codes',
      access: 'signed-in',
      summary: 'Makes new recovery codes; the old ones are worth nothing any more.',
      body: SecondFactorProof,
      answer: RecoveryCodes,
      secretAnswer: true,
      async handle({ actor, body }) {
        await checkProof(app, actor, body)
        return app.db.transaction((tx) => renewRecoveryCodes(app, tx, actor))
      },
    }),
    route({
      method: 'POST',
      url: '/me/second-factor/off',
      access: 'signed-in',
      summary: 'Takes one’s second factor away.',
      body: SecondFactorProof,
      answer: Ok,
      async handle({ actor, body }) {
        await checkProof(app, actor, body)
        await app.db.transaction((tx) => endFactor(tx, actor, actor.userId))
        return { ok: true } as const
      },
    }),
    route({
      method: 'DELETE',
      url: '/users/:id/second-factor',
      access: 'user.manage',
      summary: 'Takes a user’s second factor away, when phone and recovery codes are lost.',
      params: Type.Object({ id: Id }),
      answer: Ok,
      async handle({ actor, params }) {
        await app.db.transaction((tx) => endFactor(tx, actor, params.id))
        return { ok: true } as const
      },
    }),
  )
}

/** @throws Problem with the field that is wrong; attempts are counted like those of signing in */
async function checkOwnPassword(app: App, actor: Actor, password: string): Promise<void> {
  await countAttempt(app.db, 'password', actor.userId)
  const user = await app.db.one<{ password_hash: string | null }>('select password_hash from app_user where id = $1', [
    actor.userId,
  ])
  if (!(await passwordFits(user?.password_hash, password))) throw wrongField('password', 'wrong_password')
  await forgetAttempts(app.db, 'password', actor.userId)
}

async function checkProof(app: App, actor: Actor, { password, code }: SecondFactorProof): Promise<void> {
  await checkOwnPassword(app, actor, password)
  await countAttempt(app.db, 'password', actor.userId)
  if (!(await useCode(app.db, app.secrets, actor.userId, code))) throw wrongField('code', 'code_not_right')
  await forgetAttempts(app.db, 'password', actor.userId)
}
