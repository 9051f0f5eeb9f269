import type { ReactNode } from 'react'
import { FieldError } from 'react-aria-components/FieldError'
import { Input } from 'react-aria-components/Input'
import { Label } from 'react-aria-components/Label'
import { Text } from 'react-aria-components/Text'
import { TextArea } from 'react-aria-components/TextArea'
import { TextField } from 'react-aria-components/TextField'

const BOX =
  'w-full min-w-0 rounded-md border border-edge bg-surface px-2.5 text-ink invalid:border-bad focus:outline-2 focus:outline-accent'

type FieldProps = {
  label: string
  value: string
  onChange: (value: string) => void
  hint?: string
  error?: string | null
  lines?: number
  type?: 'text' | 'date' | 'time' | 'search'
  required?: boolean
  autoFocus?: boolean
  autoComplete?: string
  maxLength?: number
  mono?: boolean
  onEnter?: () => void
}

/** A labelled line or paragraph of text; `error` says what is missing and ties it to the box. */
export function Field(props: FieldProps): ReactNode {
  const {
    label,
    value,
    onChange,
    hint,
    error,
    lines,
    type = 'text',
    required,
    autoFocus,
    autoComplete,
    maxLength,
    mono,
    onEnter,
  } = props
  return (
    <TextField
      value={value}
      onChange={onChange}
      type={type}
      isRequired={required ?? false}
      validationBehavior="aria"
      isInvalid={typeof error === 'string'}
      autoFocus={autoFocus ?? false}
      {...(autoComplete === undefined ? {} : { autoComplete })}
      {...(maxLength === undefined ? {} : { maxLength })}
      {...(onEnter === undefined
        ? {}
        : {
            onKeyDown: (event) => {
              if (event.key === 'Enter' && (lines === undefined || event.metaKey || event.ctrlKey)) onEnter()
              // React Aria stops what is handled here; Escape must still reach the dialog.
              else event.continuePropagation()
            },
          })}
      className="grid min-w-0 content-start gap-1"
    >
      <Label className="text-sm font-semibold">{label}</Label>
      {lines === undefined ? (
        <Input className={`${BOX} h-9 ${mono ? 'font-mono tracking-wide' : ''}`} />
      ) : (
        <TextArea rows={lines} className={`${BOX} py-1.5`} />
      )}
      {hint === undefined ? null : (
        <Text slot="description" className="text-xs text-soft">
          {hint}
        </Text>
      )}
      <FieldError className="text-sm text-bad">{error ?? ''}</FieldError>
    </TextField>
  )
}
