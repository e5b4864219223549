import fc from 'fast-check'

/** The same examples in every run, so that a change is judged by itself; `FC_SEED=7 npm test` looks for others. */
fc.configureGlobal({ seed: Number(process.env['FC_SEED'] ?? 20261123) })
