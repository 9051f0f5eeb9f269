import { useEffect, useEffectEvent, useSyncExternalStore } from 'react'

/** Single-key shortcuts, for those who want them: they can be switched off, and the browser remembers. */

const STORED = 'jax:keys'
const listeners = new Set<() => void>()

const stored = (): boolean => {
  try {
    return localStorage.getItem(STORED) !== 'off'
  } catch {
    // Storage may be forbidden; then the default holds.
    return true
  }
}

export const useKeysOn = (): boolean =>
  useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, stored)

export function switchKeys(on: boolean): void {
  try {
    localStorage.setItem(STORED, on ? 'on' : 'off')
  } catch {
    // As above: nothing to remember it in.
  }
  for (const listener of listeners) listener()
}

/** Someone is typing, or a dialog is open: then letters are letters. */
const isTaken = (target: EventTarget | null): boolean =>
  (target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null) ||
  document.querySelector('[role=dialog], [role=alertdialog]') !== null

/** Runs `then` when the key is pressed outside of text and dialogs. */
export function useKey(key: string, then: () => void, when = true): void {
  const on = useKeysOn() && when
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTaken(event.target))
      return
    event.preventDefault()
    then()
  })
  useEffect(() => {
    if (!on) return
    const listen = (event: KeyboardEvent): void => press(event)
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [on])
}
