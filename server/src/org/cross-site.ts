import type { FastifyRequest } from 'fastify'
import { Problem } from '../platform/problem.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses what another site made the browser send. Browsers say where a request comes from; programs that say nothing
 * carry no cookie by accident and pass.
 * @throws Problem `cross_site`
 */
export function refuseCrossSite(request: FastifyRequest, publicUrl: string): void {
  if (SAFE.has(request.method)) return
  const site = request.headers['sec-fetch-site']
  if (site !== undefined) {
    if (site !== 'same-origin' && site !== 'none') throw new Problem('cross_site')
    return
  }
  const origin = request.headers.origin
  if (origin === undefined) return
  const from = URL.canParse(origin) ? new URL(origin).host : undefined
  if (from === undefined || (from !== request.host && from !== new URL(publicUrl).host)) throw new Problem('cross_site')
}
