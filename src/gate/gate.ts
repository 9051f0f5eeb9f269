import type { Terms } from '../orders/terms.ts'
import type { Brand } from '../values/brand.ts'

/** An order that every check passed. Only the gate makes one, and `broker.submit` takes nothing else. */
export type Passed = Brand<Terms, 'Passed'>
