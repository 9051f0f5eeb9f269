// node --import ./test/simulation/mutate.ts …: plants the mutant that the variable JAX_MUTANT names, in this process and,
// through the same flag, in every worker and child it starts. The sources on the disk stay as they are.
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PLANTED } from '../controls/planted.ts'
import { MUTANTS, spoil } from './mutants.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Plants one mutant in everything that is loaded from now on. @throws when nobody knows it, or its code is not there. */
function plant(name: string): void {
  const planted = PLANTED.find((one) => `${one.control} ${one.name}` === name)
  const mutant = MUTANTS.find((one) => one.name === name) ?? planted
  if (!mutant) throw new Error(`there is no mutant ${name}`)
  const files = new Map(mutant.edits.map(({ file }) => [pathToFileURL(join(ROOT, file)).href, file]))
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const file = files.get(url)
      if (file === undefined) return loaded
      const { source } = loaded
      if (source === null || source === undefined) throw new Error(`mutant ${name}: ${file} has no source`)
      const text = typeof source === 'string' ? source : new TextDecoder().decode(source)
      return { ...loaded, source: spoil(mutant, file, text) }
    },
  })
}

const wanted = process.env['JAX_MUTANT']
if (wanted !== undefined && wanted !== '') plant(wanted)
