import { visible } from './shown.ts'

/** Whether everybody who reads this name reads what is written: nothing unseen, no blank that is none. */
export const isPlain = (name: string): boolean => visible(name) === name

/**
 * What two names have in common that a reader takes for one: case, width and ligatures (NFKC), what nobody sees, and
 * blanks do not count. Letters of two alphabets that look alike stay two.
 */
export const nameKey = (name: string): string =>
  visible(name.normalize('NFKC')).normalize('NFKC').toUpperCase().toLowerCase().replace(/\s+/g, ' ').trim()
