import type { ReactNode } from 'react'
import { Switch } from 'react-aria-components/Switch'
import { switchKeys, useKeysOn } from '../keys.ts'
import { Action } from '../parts/action.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'

const KEYS: readonly (readonly [string, string])[] = [
  ['j', 'Next order'],
  ['k', 'Previous order'],
  ['a', 'Approve the chosen order (asks first)'],
  ['d', 'Decline the chosen order, with a reason'],
  ['s', 'Put the chosen order off'],
  ['l', 'Ask the agent for another look at it'],
  ['Shift H', 'Halt trading (asks first)'],
  ['Shift P', 'Halt one strategy or symbol (asks first)'],
  ['Shift L', 'The risk limits'],
  ['?', 'These keys'],
  ['Esc', 'Close what is open'],
]

export function KeysSheet({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  const on = useKeysOn()
  return (
    <Sheet title="Keys" open={open} onClose={onClose}>
      <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-2 text-sm">
        {KEYS.map(([key, what]) => (
          <div key={key} className="contents">
            <dt>
              <kbd className="rounded border border-edge px-1.5 py-0.5 font-mono">{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <Switch isSelected={on} onChange={switchKeys} className="group flex items-center gap-3 text-sm">
        <span className="flex h-6 w-10 items-center rounded-full border border-edge bg-sunken p-0.5 group-data-selected:bg-accent group-data-focus-visible:outline-2 group-data-focus-visible:outline-offset-2 group-data-focus-visible:outline-accent">
          <span className="size-4 rounded-full bg-edge transition-transform group-data-selected:translate-x-4 group-data-selected:bg-accent-ink" />
        </span>
        Single-letter keys
      </Switch>
      <SheetFoot>
        <Action onPress={onClose} autoFocus>
          Close
        </Action>
      </SheetFoot>
    </Sheet>
  )
}
