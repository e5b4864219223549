import { writeFileSync } from 'node:fs'

/** One measured figure. `ratio` compares it with `ratioTo` of the same run. */
export interface Figure {
  name: string
  value: number
  unit: string
  ratioTo?: string
  ratio?: number
  /** The aim in words, such as `>= 3000` or `ratio < 1.3`, and whether it was met. */
  aim?: string
  met?: boolean
}

export interface Report {
  add(figure: Figure): void
  figures: Figure[]
}

/** Prints every figure as soon as it is known: `name  value  unit  ratio-to  ratio`. */
export function createReport(): Report {
  const figures: Figure[] = []
  return {
    figures,
    add(figure) {
      figures.push(figure)
      process.stdout.write(`${lineOf(figure)}\n`)
    },
  }
}

export function lineOf({ name, value, unit, ratioTo = '-', ratio }: Figure): string {
  return [name, numberOf(value), unit, ratioTo, ratio === undefined ? '-' : ratio.toFixed(2)].join('  ')
}

export function numberOf(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

export function writeJson(path: string, machine: object, figures: readonly Figure[]): void {
  writeFileSync(path, `${JSON.stringify({ machine, figures }, null, 2)}\n`)
}

/** The value below which `share` of the values lie; 0 for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
export const median = (values: readonly number[]): number => percentile(values, 0.5)

/** Progress for people, on stderr. */
export function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)
}
