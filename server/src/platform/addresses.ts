/** Which addresses a channel may connect to. A setting, or a name an attacker controls, must not open the office's network. */
import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { HttpError } from '#channels/contract.ts'

/** Never: "this host", link-local with the clouds' metadata services, multicast, reserved. */
const NEVER = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  NEVER.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of [
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  NEVER.addSubnet(net, bits, 'ipv6')
NEVER.addAddress('::', 'ipv6')
NEVER.addAddress('100.100.100.200', 'ipv4')
NEVER.addAddress('fd00:ec2::254', 'ipv6')

/** Only where configured: this machine, the office's network, carrier-grade NAT, test networks. */
const PRIVATE = new BlockList()
for (const [net, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['192.0.0.0', 24],
  ['198.18.0.0', 15],
] as const) {
  PRIVATE.addSubnet(net, bits, 'ipv4')
}
PRIVATE.addSubnet('fc00::', 7, 'ipv6')
PRIVATE.addAddress('::1', 'ipv6')

/** The address a host name of a URL is, if it is one: `127.0.0.1`, `[::1]`. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return isIP(bare) === 0 ? undefined : bare
}

/** Whether a connection to `address` is in order. `privateToo`: the host is one of the channel's configured ones. */
export function verdict(address: string, privateToo: boolean): 'allowed' | 'forbidden' {
  for (const form of formsOf(address)) {
    const family = isIP(form) === 6 ? 'ipv6' : 'ipv4'
    if (NEVER.check(form, family)) return 'forbidden'
    if (!privateToo && PRIVATE.check(form, family)) return 'forbidden'
  }
  return 'allowed'
}

const v4 = (high = 0, low = 0) => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`

/** An IPv6 address can carry an IPv4 one (mapped, translated by NAT64, 6to4): then both are looked at. */
function formsOf(address: string): string[] {
  if (isIP(address) !== 6) return [address]
  const groups = expand(address)
  const zeros = (count: number) => groups.slice(0, count).every((group) => group === 0)
  const inner: string[] = []
  if ((zeros(5) && groups[5] === 0xffff) || (zeros(6) && (groups[6] !== 0 || (groups[7] ?? 0) > 1)))
    inner.push(v4(groups[6], groups[7]))
  if (groups[0] === 0x64 && groups[1] === 0xff9b) inner.push(v4(groups[6], groups[7]))
  if (groups[0] === 0x2002) inner.push(v4(groups[1], groups[2]))
  return [address.replace(/%.*/, ''), ...inner]
}

const parseGroups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)))

/** The eight groups of an IPv6 address. */
function expand(address: string): number[] {
  // The URL parser writes every spelling in the one canonical form, dotted tails included.
  const canonical = new URL(`http://[${address.replace(/%.*/, '')}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const front = parseGroups(head)
  if (tail === undefined) return front
  const back = parseGroups(tail)
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back]
}

/**
 * A name look-up that leaves out what is not permitted. The connection is made to the very addresses checked here, so a
 * name that changes its mind between check and use gains nothing. Fails with `HttpError` when none is left.
 */
export function checkedLookup(privateToo: boolean): LookupFunction {
  return (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error) return callback(error, '')
      const permitted = found.filter(({ address }) => verdict(address, privateToo) === 'allowed')
      const first = permitted[0]
      if (!first) {
        return callback(
          new HttpError('forbidden_address', false, `${hostname} leads to an address this channel may not use`),
          '',
        )
      }
      if (options.all) return callback(null, permitted)
      callback(null, first.address, first.family)
    })
  }
}
