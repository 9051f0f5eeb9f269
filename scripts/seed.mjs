// One seed for every property of a run. On a build machine it is always the same, so that a change is blamed for what it
// breaks and for nothing else; at a desk it is new each time, so that properties go on searching. It is printed either way.
import fc from 'fast-check'

const given = process.env['JAX_SEED'] ?? (process.env['CI'] ? '20260101' : undefined)
export const seed = given === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(given)
// Test files in processes of their own take the seed of the run.
process.env['JAX_SEED'] = String(seed)
fc.configureGlobal({ seed })
