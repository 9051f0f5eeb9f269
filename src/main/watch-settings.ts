import { z } from 'zod'
import { TRIGGER_NAMES, TRIGGERS, type TriggerName } from '../gate/triggers.ts'
import { optional, whole } from './setting.ts'

// One setting for each trigger that has a figure of its own. A looser one than the default is a mistake of the file.

const figures = TRIGGER_NAMES.flatMap((name) => {
  const { figure, when } = TRIGGERS[name]
  if ('limit' in figure) return []
  const most = Math.max(...Object.values(figure.defaults))
  const meaning = `It trips when ${when}. ${most} without it, and ${most} at most.`
  return [[name, optional(whole(1, most), { ...(figure.unit !== 'count' && { unit: figure.unit }), meaning })] as const]
})

export const watch = z.strictObject(
  Object.fromEntries(figures) as { readonly [N in TriggerName]: (typeof figures)[number][1] },
)
export const WATCH_ABOUT =
  'How much sooner than as a rule a trigger trips (N): see docs/monitoring.md. Nothing here loosens one.'
