/** Whether the broker has the order. `InDoubt` is a real answer: asked, and nobody knows yet. */
export type Delivery = 'Queued' | 'Sending' | 'Delivered' | 'Rejected' | 'InDoubt' | 'Absent'

export type DeliverySaid = 'SendStarted' | 'Accepted' | 'Rejected' | 'Unclear' | 'ProvenAbsent'

/** Row: what we know. Column: what we learned. An empty cell is a bug of ours. */
export const DELIVERY: Readonly<Record<Delivery, Partial<Record<DeliverySaid, Delivery>>>> = {
  Queued: { SendStarted: 'Sending', ProvenAbsent: 'Absent' }, // withdrawn before its first byte
  Sending: { Accepted: 'Delivered', Rejected: 'Rejected', Unclear: 'InDoubt', ProvenAbsent: 'Absent' },
  // Offered once more under the same name, where the broker takes a name only once.
  InDoubt: {
    SendStarted: 'Sending',
    Accepted: 'Delivered',
    Rejected: 'Rejected',
    Unclear: 'InDoubt',
    ProvenAbsent: 'Absent',
  },
  Delivered: { Accepted: 'Delivered', Unclear: 'Delivered' }, // a report overtook the reply
  // The broker took its no back; and a row of before that says the no once more must still be readable.
  Rejected: { Accepted: 'Delivered', Rejected: 'Rejected', Unclear: 'Rejected' },
  Absent: { Accepted: 'Delivered', Rejected: 'Rejected', Unclear: 'Absent', ProvenAbsent: 'Absent' }, // it appeared after all: believed at once, and alarmed
}
