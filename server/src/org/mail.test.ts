import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import type { MailSettings } from '#shared/api/org.ts'
import { CERTIFICATE } from '../../test/certificate.ts'
import { type Letter, MailFailure, sendMail } from './mail.ts'

/* What goes over the line to a mail server, and what is made of its answers. */

let servers: SMTPServer[] = []
afterEach(async () => {
  for (const server of servers) await new Promise<void>((resolve) => server.close(() => resolve()))
  servers = []
})

async function mailServer(options: SMTPServerOptions = {}): Promise<{ port: number; letters: string[] }> {
  const letters: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(stream, _session, done) {
      const pieces: Buffer[] = []
      stream.on('data', (piece: Buffer) => void pieces.push(piece))
      stream.on('end', () => {
        letters.push(Buffer.concat(pieces).toString('latin1'))
        done()
      })
    },
    ...options,
  })
  // A client that turns away in the middle is what some of these tests are about.
  server.on('error', () => undefined)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.server.address() as AddressInfo).port, letters }
}

const settingsOf = (port: number, more: Partial<MailSettings> = {}): MailSettings => ({
  host: '127.0.0.1',
  port,
  security: 'none',
  user: '',
  password: '',
  from: 'دفتر <office@example.ir>',
  ...more,
})
const LETTER: Letter = {
  to: 'leila@office.example',
  subject: 'دعوت به شرکت آوند',
  paragraphs: ['سلام <لیلا> & همه', 'https://daftar.example/welcome/dfl_x', 'پایان'],
  locale: 'fa',
}
const failure = async (settings: MailSettings): Promise<MailFailure['code'] | 'sent'> =>
  sendMail(settings, LETTER).then(
    () => 'sent' as const,
    (error: unknown) => {
      if (!(error instanceof MailFailure)) throw error
      return error.code
    },
  )

test('a letter is these bytes: encoded names, both texts, right to left, nothing that is markup taken for it', async () => {
  const { port, letters } = await mailServer()
  await sendMail(settingsOf(port), LETTER)
  const [letter = ''] = letters
  const boundary = /boundary="([^"]+)"/.exec(letter)?.[1] ?? 'none'
  const stable = letter
    .replaceAll(boundary, 'BOUNDARY')
    .replace(/^Message-ID: <[^>]+@example\.ir>$/m, 'Message-ID: ID')
    .replace(/^Date: .+ \+0000$/m, 'Date: DATE')
  expect(stable.split('\r\n')).toEqual([
    'From: =?UTF-8?B?2K/Zgdiq2LE=?= <office@example.ir>',
    'To: leila@office.example',
    'Subject: =?UTF-8?B?2K/YudmI2Kog2KjZhyDYtNix2qnYqiDYotmI2YY=?=',
    ' =?UTF-8?B?2K8=?=',
    'Message-ID: ID',
    'Date: DATE',
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative;',
    ' boundary="BOUNDARY"',
    '',
    '--BOUNDARY',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    ...base64(`سلام <لیلا> & همه\n\nhttps://daftar.example/welcome/dfl_x\n\nپایان`),
    '--BOUNDARY',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    ...base64(
      '<!doctype html><html lang="fa" dir="rtl"><body style="font-family:Tahoma,Arial,sans-serif;line-height:1.7">' +
        '<p>سلام &lt;لیلا&gt; &amp; همه</p>' +
        '<p dir="ltr"><a href="https://daftar.example/welcome/dfl_x">https://daftar.example/welcome/dfl_x</a></p>' +
        '<p>پایان</p></body></html>',
    ),
    '--BOUNDARY--',
    '',
  ])
})
const base64 = (text: string): string[] =>
  Buffer.from(text.replaceAll('\n', '\r\n'))
    .toString('base64')
    .match(/.{1,76}/g) ?? []

const answering = (code: number): Pick<SMTPServerOptions, 'onRcptTo'> => ({
  onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no'), { responseCode: code })),
})

describe('what the server says', () => {
  test.each([
    [550, 'refused'],
    [553, 'refused'],
    [450, 'later'],
    [452, 'later'],
  ])('%s to the receiver: %s', async (code, expected) => {
    const { port } = await mailServer(answering(code))
    expect(await failure(settingsOf(port))).toBe(expected)
  })

  test.each([
    [535, 'sign_in'],
    [454, 'later'],
  ])('%s to the password: %s', async (code, expected) => {
    const { port } = await mailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => done(Object.assign(new Error('no'), { responseCode: code })),
    })
    expect(await failure(settingsOf(port, { user: 'office', password: 'p' }))).toBe(expected)
  })

  test('nothing at all: unreachable', async () => {
    const { port } = await mailServer()
    const gone = servers.pop()
    await new Promise<void>((resolve) => gone?.close(() => resolve()))
    expect(await failure(settingsOf(port))).toBe('unreachable')
  })
})

describe('a secure connection', () => {
  test.each(['tls', 'starttls'] as const)(
    'by %s is not made with whoever nobody vouches for, and says so',
    async (security) => {
      const { port, letters } = await mailServer({
        ...CERTIFICATE,
        secure: security === 'tls',
        disabledCommands: [],
      })
      expect(await failure(settingsOf(port, { security, user: 'office', password: 'p' }))).toBe('secure')
      expect(letters).toEqual([])
    },
  )

  test('is made with whoever the machine trusts, for the name it was asked by and no other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'daftar-trust-'))
    const trusted = join(folder, 'authority.pem')
    writeFileSync(trusted, CERTIFICATE.cert)
    const script = fileURLToPath(new URL('../../test/mail-child.ts', import.meta.url))
    /** In a process of its own: whom a machine trusts is settled when it starts. */
    const send = async (settings: MailSettings): Promise<string> => {
      const args = ['--conditions=daftar-source', '--import', 'tsx', script, JSON.stringify([settings, LETTER])]
      const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_EXTRA_CA_CERTS: trusted }
      return (await promisify(execFile)(process.execPath, args, { env })).stdout.trim()
    }
    try {
      for (const security of ['tls', 'starttls'] as const) {
        const { port, letters } = await mailServer({ ...CERTIFICATE, secure: security === 'tls', disabledCommands: [] })
        expect(await send(settingsOf(port, { security, host: 'localhost' }))).toBe('sent')
        expect(letters).toHaveLength(1)
        expect(await send(settingsOf(port, { security, host: '127.0.0.1' }))).toBe('secure')
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('is insisted on: a server that offers none is given neither the password nor the letter', async () => {
    const asked: string[] = []
    const { port, letters } = await mailServer({
      allowInsecureAuth: true,
      onAuth: ({ username = '' }, _session, done) => {
        asked.push(username)
        done(null, { user: username })
      },
    })
    for (const security of ['starttls', 'tls'] as const)
      expect(await failure(settingsOf(port, { security, user: 'office', password: 'p' }))).toBe('secure')
    expect([asked, letters]).toEqual([[], []])
  })
})

const by = async (addresses: string[], port: number): Promise<string> =>
  sendMail(settingsOf(port, { host: 'mail.office.example' }), LETTER, async () => addresses).then(
    () => 'sent',
    (error: unknown) => (error instanceof MailFailure ? error.code : String(error)),
  )

describe('a name with several addresses', () => {
  test('is reached by the next when one is dead, never by one that is forbidden, and given one letter', async () => {
    const { port, letters } = await mailServer()
    expect(await by(['127.0.0.2', '127.0.0.1'], port)).toBe('sent')
    expect(await by(['169.254.169.254', '127.0.0.1'], port)).toBe('sent')
    expect(await by(['127.0.0.1', '127.0.0.1'], port)).toBe('sent')
    expect(letters).toHaveLength(3)
    expect(await by(['169.254.169.254', '::ffff:169.254.169.254'], port)).toBe('forbidden')
    expect(await by(['127.0.0.2', '127.0.0.3'], port)).toBe('unreachable')
  })

  test('is not asked again by another address once it has refused', async () => {
    let asked = 0
    const { port } = await mailServer({
      onRcptTo(_address, _session, done) {
        asked += 1
        done(Object.assign(new Error('no'), { responseCode: 550 }))
      },
    })
    expect(await by(['127.0.0.1', '127.0.0.1'], port)).toBe('refused')
    expect(asked).toBe(1)
  })
})
