/** How one symbol misbehaves. Each field names the moment at which it does; a field left out is honest. */
export type Lie = {
  /** What a person who trades it will see. */
  readonly about: string
  readonly submit?: 'reject' | 'lose-send' | 'lose-reply' | 'slow-reply' | 'fill-first' | 'drop-legs'
  readonly cancel?: 'lose-reply' | 'reject'
  readonly stream?: 'none' | 'twice'
  /** What happens to an order some seconds later, when nobody expects it any more. */
  readonly later?: 'overfill' | 'fill-canceled' | 'bust' | 'correct'
  readonly quote?: 'crossed' | 'stale'
  readonly session?: 'closed'
  readonly reads?: 'half-down'
  readonly sizes?: 'tiny'
}

/**
 * The symbols that lie on purpose, each in one way and every time: so every failure can be played by hand in the running
 * product. All are equities around 100.00 that can be sized, approved and traded like any other.
 */
export const LIES: Readonly<Record<string, Lie>> = {
  'SIM.REJECT': { about: 'The broker says no, in words.', submit: 'reject' },
  'SIM.DROP-REPLY': { about: 'The order is booked and its reply is lost: in doubt, and there.', submit: 'lose-reply' },
  'SIM.DROP-SEND': {
    about: 'The order never arrives, and nobody says so: in doubt, and not there.',
    submit: 'lose-send',
  },
  'SIM.SLOW-REPLY': { about: 'The order is booked at once; the reply takes five seconds.', submit: 'slow-reply' },
  'SIM.FILL-FIRST': { about: 'The fill is reported before the order is acknowledged.', submit: 'fill-first' },
  'SIM.FILL-TWICE': {
    about: 'Each fill is reported twice under one ExecID, out of order, by stream and by poll.',
    stream: 'twice',
  },
  'SIM.OVERFILL': {
    about: 'A second after the order is filled, a tenth more is filled under a new ExecID.',
    later: 'overfill',
  },
  'SIM.LATE-FILL': {
    about: 'A second after the cancel is confirmed, half of the rest is filled.',
    later: 'fill-canceled',
  },
  'SIM.PARTIAL': { about: 'Ten shares are offered at a time: orders fill in many small parts.', sizes: 'tiny' },
  'SIM.BUST': { about: 'The first fill of each order is busted three seconds later.', later: 'bust' },
  'SIM.CORRECT': {
    about: 'The first fill of each order gets a price five cents worse three seconds later.',
    later: 'correct',
  },
  'SIM.NO-STREAM': { about: 'Nothing is streamed: only a poll finds the reports.', stream: 'none' },
  'SIM.LOST-CANCEL': { about: 'The cancel is done and its reply is lost.', cancel: 'lose-reply' },
  'SIM.REJECT-CANCEL': { about: 'The order cannot be canceled, not even by cancel-all.', cancel: 'reject' },
  'SIM.NO-LEGS': { about: 'The exits of a bracket are silently left out.', submit: 'drop-legs' },
  'SIM.CROSSED-QUOTE': { about: 'The quote shows a bid above the ask.', quote: 'crossed' },
  'SIM.STALE-QUOTE': { about: 'The quote is ten minutes old.', quote: 'stale' },
  'SIM.CLOSED': { about: 'The session never opens; orders are taken and wait.', session: 'closed' },
  'SIM.HALF-DOWN': { about: 'Every second read about the symbol fails for the moment.', reads: 'half-down' },
}

export const lieOf = (symbol: string): Lie => (Object.hasOwn(LIES, symbol) ? (LIES[symbol] ?? HONEST) : HONEST)
const HONEST: Lie = { about: '' }
