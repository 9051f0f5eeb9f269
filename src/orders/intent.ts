/** Where what was asked for stands. After `Approved` its order tells the rest of the story. */
export type IntentState = 'Received' | 'AwaitingApproval' | 'Approved' | 'Refused' | 'Declined' | 'Lapsed' | 'Withdrawn'

export type IntentSaid = 'Ticketed' | 'Refused' | 'Approved' | 'Declined' | 'Lapsed' | 'Withdrawn'

/** Row: where the intent is. Column: what happened. An empty cell means the command is refused. */
export const INTENT: Readonly<Record<IntentState, Partial<Record<IntentSaid, IntentState>>>> = {
  Received: { Ticketed: 'AwaitingApproval', Refused: 'Refused', Lapsed: 'Lapsed', Withdrawn: 'Withdrawn' },
  AwaitingApproval: {
    Ticketed: 'AwaitingApproval',
    Refused: 'Refused',
    Approved: 'Approved',
    Declined: 'Declined',
    Lapsed: 'Lapsed',
    Withdrawn: 'Withdrawn',
  },
  // Between approval and send the market may move: a new ticket asks the human again, and votes are never carried over.
  Approved: { Ticketed: 'AwaitingApproval', Refused: 'Refused', Lapsed: 'Lapsed', Withdrawn: 'Withdrawn' },
  Refused: {},
  Declined: {},
  Lapsed: {},
  Withdrawn: {},
}

export const isSettled = (state: IntentState): boolean => Object.keys(INTENT[state]).length === 0
