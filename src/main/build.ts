import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Hex } from '../values/hash.ts'
import { INSTALLATION } from './config.ts'

/** Everything that decides what this program does: its sources, and which versions of what it uses. */
const PARTS = ['src/**/*.{ts,tsx,sql}', 'package.json', 'package-lock.json']
const isTest = (file: string): boolean => /\.(test|contract)\.tsx?$/.test(file)

/**
 * The name of the build: 12 hex digits of a hash over every source file, the exact versions of what it uses, and the
 * runtime. The same on every machine with the same files; one edited byte is another build, whatever a version says.
 */
export function buildOf(root: string = INSTALLATION, runtime: string = process.version): string {
  const files = globSync(PARTS, { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !isTest(file))
    .sort()
  const lines = files.map((file) => `${file} ${sha256Hex(readFileSync(join(root, file)))}`)
  return sha256Hex(`${runtime}\n${lines.join('\n')}`).slice(0, 12)
}
