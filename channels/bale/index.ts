import type { ChannelKind } from '../contract.ts'
import { DEFAULT_BASE_URL, TOKEN_PATTERN } from './api.ts'
import { acknowledge, check, poll, setup } from './connection.ts'
import { fetchFile, profile } from './files.ts'
import { receive, unpack } from './receive.ts'
import { safir } from './safir.ts'
import { capabilities, send } from './send.ts'

/** The regular bot: customers who pressed start. Its addresses are Bale user ids. */
const bale: ChannelKind = {
  kind: 'bale',
  identityKind: 'bale',
  settings: [
    { name: 'token', type: 'secret', required: true, pattern: TOKEN_PATTERN },
    // An office server seldom has a public address, and polling works from anywhere.
    { name: 'mode', type: 'choice', required: true, default: 'polling', options: ['polling', 'webhook'] },
    { name: 'baseUrl', type: 'url', required: true, default: DEFAULT_BASE_URL, advanced: true },
    // Bale publishes no limits; these are careful, and a 429 is obeyed.
    { name: 'ratePerSecond', type: 'number', default: capabilities.rate.channel, min: 0.1, max: 1000, advanced: true },
    { name: 'ratePerChat', type: 'number', default: capabilities.rate.chat, min: 0.1, max: 1000, advanced: true },
    { name: 'ratePerAccount', type: 'number', min: 0.1, max: 1000, advanced: true },
    { name: 'protectMarkup', type: 'switch', default: true, advanced: true },
    { name: 'retryServerErrors', type: 'switch', default: false, advanced: true },
  ],
  capabilities,
  unpack,
  receive,
  send,
  check,
  setup,
  poll,
  acknowledge,
  profile,
  fetchFile,
  account: ({ token }) => /^\d+(?=:)/.exec(String(token ?? ''))?.[0],
  startLink: (payload, { username }) =>
    username !== undefined && /^\w{1,64}$/.test(username) && /^[\w-]{1,64}$/.test(payload)
      ? `https://ble.ir/${username}?start=${payload}`
      : undefined,
}

export const kinds: ChannelKind[] = [bale, safir]
