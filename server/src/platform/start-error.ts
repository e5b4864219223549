/**
 * A reason not to start that a person can act on. `message` says it in English and in Persian, each with what to do;
 * the program prints it without a stack and ends with exit code 1.
 */
export class StartError extends Error {
  readonly english: string
  readonly persian: string

  constructor(english: string, persian: string, options?: ErrorOptions) {
    super(`${english}\n${persian}`, options)
    this.name = 'StartError'
    this.english = english
    this.persian = persian
  }
}
