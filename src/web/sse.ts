/** One message of a server-sent event stream. */
export type Message = { readonly id: string | null; readonly event: string; readonly data: string }

/**
 * Cuts an event stream into messages, whatever the chunks. Comments (the server's heartbeat) yield nothing but are seen
 * by the caller as bytes. An own reader instead of EventSource: every journal action is an event name of its own, which
 * EventSource only delivers to listeners that knew the name beforehand, and it hides the heartbeat that tells a quiet
 * stream from a dead one.
 *
 * @returns a function to be fed with text; it answers the messages that this text completed.
 */
export function messageReader(): (chunk: string) => Message[] {
  let rest = ''
  let id: string | null = null
  let event = ''
  let data: string[] = []
  return (chunk) => {
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    const messages: Message[] = []
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) messages.push({ id, event: event === '' ? 'message' : event, data: data.join('\n') })
        id = null
        event = ''
        data = []
        continue
      }
      const colon = line.indexOf(':')
      if (colon === 0) continue
      const field = colon < 0 ? line : line.slice(0, colon)
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
      if (field === 'id') id = value
      else if (field === 'event') event = value
      else if (field === 'data') data.push(value)
    }
    return messages
  }
}
