// Where in the configuration file something stands, so that a fault names its line.
import { type Document, isMap, isNode, isPair, isScalar, isSeq, type LineCounter } from 'yaml'

/** One mistake, where it stands. `line` is null for what did not come from the file. */
export type ConfigFault = {
  readonly source: string
  readonly line: number | null
  readonly column: number | null
  readonly message: string
}
/** A setting from outside the file, such as a command-line option: `path` is `listen.port`, `source` is `--port`. */
export type Override = { readonly path: string; readonly value: string; readonly source: string }
/** `jax-exec.yaml:3:17: policy.riskPerTrade is …`, as compilers print it, so that editors can jump there. */
export const faultLine = (fault: ConfigFault): string =>
  `${fault.source}${fault.line === null ? '' : `:${fault.line}:${fault.column}`}: ${fault.message}`

export const inOrder = (faults: readonly ConfigFault[]): ConfigFault[] =>
  [...faults].sort((a, b) => (a.line ?? 0) - (b.line ?? 0))

/** Where a value stands, for a fault about it. */
export type Where = (path: readonly string[]) => Omit<ConfigFault, 'message'>

export function whereIs(
  path: readonly string[],
  document: Document,
  lines: LineCounter,
  name: string,
  outside: ReadonlyMap<string, Override>,
  key: boolean,
): Omit<ConfigFault, 'message'> {
  const override = outside.get(path.join('.'))
  if (override !== undefined) return { source: override.source, line: null, column: null }
  const offset = offsetOf(document, path, key)
  return offset === null ? { source: name, line: null, column: null } : { source: name, ...at(lines, offset) }
}

/** Where the value at `path` stands in the text, or its key; null when it does not. Places in a list count from 0. */
export function offsetOf(document: Document, path: readonly string[], key: boolean): number | null {
  let node: unknown = document.contents
  let offset: number | null = isNode(node) ? (node.range?.[0] ?? null) : null
  for (const [i, step] of path.entries()) {
    if (isSeq(node)) {
      const item = node.items[Number(step)]
      if (!isNode(item)) return null
      offset = item.range?.[0] ?? null
      node = item
      continue
    }
    if (!isMap(node)) return null
    const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === step)
    if (pair === undefined) return null
    const target: unknown = key && i === path.length - 1 ? pair.key : (pair.value ?? pair.key)
    offset = isNode(target) ? (target.range?.[0] ?? null) : null
    node = pair.value
  }
  return offset
}

export const at = (lines: LineCounter, offset: number): { line: number; column: number } => {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

export function yamlWords(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this setting stands here a second time; keep one of the two'
  if (code === 'TAB_AS_INDENT') return 'indented with a tab; use spaces'
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; one file holds one configuration'
  return message.split('\n')[0] ?? message
}

export function valueAt(tree: unknown, path: readonly string[]): unknown {
  let value = tree
  for (const step of path)
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined
  return value
}
/** A group with nothing below it but remarks is as good as none. */
export function dropEmpty(tree: Record<string, unknown>, path: readonly string[]): void {
  const group = path.length === 1 ? tree : valueAt(tree, path.slice(0, -1))
  const name = path.at(-1) ?? ''
  if (typeof group === 'object' && group !== null && (group as Record<string, unknown>)[name] === '')
    delete (group as Record<string, unknown>)[name]
}
export function setPath(tree: Record<string, unknown>, path: readonly string[], value: string): void {
  const [head = '', ...rest] = path
  if (rest.length === 0) {
    tree[head] = value
    return
  }
  const group = tree[head]
  const inner =
    typeof group === 'object' && group !== null && !Array.isArray(group) ? (group as Record<string, unknown>) : {}
  tree[head] = inner
  setPath(inner, rest, value)
}
