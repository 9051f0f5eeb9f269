#!/usr/bin/env node
// Runs on any Node from 20 on, and hands over to the pinned one. It never installs: in an emergency, what is there runs.
import { join } from 'node:path'
import { become, complain, ROOT } from '../scripts/bootstrap.mjs'

try {
  become([join(ROOT, 'src', 'main', 'cli.ts'), ...process.argv.slice(2)])
} catch (error) {
  complain(error)
}
