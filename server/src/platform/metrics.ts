import type { App } from './app.ts'

export interface Metrics {
  contentType: string
  text(): Promise<string>
}

/** Figures of this node for Prometheus. Modules add theirs as `app.gauges`; they are read when somebody asks. */
export async function createMetrics(app: App): Promise<Metrics> {
  const { collectDefaultMetrics, Gauge, Histogram, Registry } = await import('prom-client')
  const register = new Registry()
  collectDefaultMetrics({ register })
  const durations = new Histogram({
    name: 'daftar_http_request_duration_seconds',
    help: 'Time from request to answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [register],
  })
  app.onAnswer = ({ method, route, status, seconds }) =>
    // Addresses nobody serves share one label: a scanner must not fill the memory.
    durations.observe({ method, route: route ?? 'none', status: String(status) }, seconds)
  for (const { name, help, read } of app.gauges) {
    new Gauge({
      name,
      help,
      registers: [register],
      async collect() {
        this.set(await read())
      },
    })
  }
  return { contentType: register.contentType, text: () => register.metrics() }
}
