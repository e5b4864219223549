import { command } from './commands.ts'

await command(process.argv.slice(2), process.env)
