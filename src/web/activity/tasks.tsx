import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Task } from '../../api/wire.ts'
import { useAcknowledge, useCloseTask } from '../commands.ts'
import { usePollMs } from '../live.tsx'
import { Action } from '../parts/action.tsx'
import { Badge } from '../parts/badge.tsx'
import { Field } from '../parts/field.tsx'
import { Moment } from '../parts/moment.tsx'
import { Blank, Panel, Skeleton } from '../parts/panel.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble, Unread } from '../parts/trouble.tsx'
import { tasksQuery } from '../queries.ts'

/** What the gateway could not settle by itself. */
export function Tasks(): ReactNode {
  const tasks = useQuery({ ...tasksQuery, refetchInterval: usePollMs() })
  const { data, isPending } = tasks
  const [closing, setClosing] = useState<Task | null>(null)
  const open = data?.items.filter(({ doneAt }) => doneAt === null) ?? []
  const done = data?.items.filter(({ doneAt }) => doneAt !== null) ?? []
  return (
    <Panel title="For a person">
      {isPending ? <Skeleton what="tasks" lines={2} /> : null}
      <Unread query={tasks} what="The tasks" />
      {data !== undefined && open.length === 0 ? <Blank title="Nothing needs you." /> : null}
      <ul className="grid gap-3">
        {open.map((task) => (
          <OpenTask key={task.taskID} task={task} onClosing={() => setClosing(task)} />
        ))}
      </ul>
      {done.length === 0 ? null : (
        <details className="mt-3 text-sm">
          <summary className="text-soft">{done.length} closed</summary>
          <ul className="mt-2 grid gap-2">
            {done.map((task) => (
              <li key={task.taskID}>
                {task.text}{' '}
                <span className="text-soft">
                  {task.doneBy ?? 'someone'}: “<bdi>{task.note ?? ''}</bdi>”
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <Sheet title="Close this task?" open={closing !== null} onClose={() => setClosing(null)}>
        {closing === null ? null : <CloseForm task={closing} onClose={() => setClosing(null)} />}
      </Sheet>
    </Panel>
  )
}

/** Until somebody has said that they saw it, it is an alert. */
function OpenTask({ task, onClosing }: { task: Task; onClosing: () => void }): ReactNode {
  const acknowledge = useAcknowledge(task.taskID)
  const { acknowledgedAt, acknowledgedBy } = task
  return (
    <li className="grid gap-2 border-b border-line pb-3 text-sm last:border-0 last:pb-0">
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone={task.severity === 'critical' ? 'bad' : 'warn'}>{task.severity}</Badge>
        <span className="font-semibold">
          {task.kind} <bdi className="font-normal text-soft">{task.subject}</bdi>
        </span>
      </div>
      <p>{task.text}</p>
      <p className="text-xs text-soft">
        Since <Moment at={task.raisedAt} />
        {acknowledgedAt === null ? (
          '; nobody has said that they saw it'
        ) : (
          <>
            ; <bdi>{acknowledgedBy}</bdi> saw it <Moment at={acknowledgedAt} />
          </>
        )}
        . What to do: <code>{task.runbook}</code>
      </p>
      {acknowledge.isError ? <Trouble error={acknowledge.error} title="Not taken down" /> : null}
      <div className="flex justify-end gap-2">
        {acknowledgedAt === null ? (
          <Action small onPress={() => acknowledge.mutate()} busy={acknowledge.isPending}>
            I have seen it
          </Action>
        ) : null}
        <Action small onPress={onClosing}>
          Close…
        </Action>
      </div>
    </li>
  )
}

function CloseForm({ task, onClose }: { task: Task; onClose: () => void }): ReactNode {
  const close = useCloseTask(task.taskID)
  const [note, setNote] = useState('')
  const [missing, setMissing] = useState<string | null>(null)
  const submit = (): void => {
    if (note.trim() === '') return setMissing('Say what you found and what you did.')
    close.mutate(note.trim(), { onSuccess: onClose })
  }
  return (
    <>
      <p className="text-sm">{task.text}</p>
      <Field
        label="What did you find, and do?"
        value={note}
        onChange={setNote}
        error={missing}
        lines={3}
        maxLength={500}
        required
        autoFocus
      />
      {close.isError ? <Trouble error={close.error} title="Not closed" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Back</Action>
        <Action look="primary" onPress={submit} busy={close.isPending}>
          Close the task
        </Action>
      </SheetFoot>
    </>
  )
}
