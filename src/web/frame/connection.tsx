import { type ReactNode, useEffect, useState } from 'react'
import type { Status } from '../../api/wire.ts'
import { useConnection } from '../live.tsx'
import { Moment } from '../parts/moment.tsx'

/** A stream that reconnects at once is not worth a banner. */
const PATIENCE_MS = 1_500

/** Says that what is on the screen may be old, since when, and what still works. Silent while all is well. */
export function ConnectionBanner({ status }: { status: Status | undefined }): ReactNode {
  const { state, heardAtMs } = useConnection()
  const late = useLasting(state === 'polling')
  return (
    <div role="status" className="print:hidden">
      {state === 'lost' ? (
        <Strip look="bg-bad-wash text-bad border-bad">
          <strong>Connection lost.</strong>{' '}
          {heardAtMs === 0 ? (
            'Nothing was received yet.'
          ) : (
            <>
              What you see is from <Moment at={new Date(heardAtMs).toISOString()} /> and may have changed since.
            </>
          )}{' '}
          Orders go on without this page. To stop trading: <code className="font-mono">jax-exec halt</code> on the
          gateway’s machine.
        </Strip>
      ) : state === 'polling' && late ? (
        <Strip look="bg-warn-wash text-warn border-warn">
          Live updates dropped; asking every 2 seconds until they are back.
        </Strip>
      ) : status?.notReady ? (
        <Strip look="bg-bad-wash text-bad border-bad">
          <strong>The gateway cannot work:</strong> {status.notReady}. Nothing is recorded, so nothing is sent. To stop
          what is at the broker: <code className="font-mono">jax-exec halt</code> on the gateway’s machine.
        </Strip>
      ) : status?.brokerConnected === false ? (
        <Strip look="bg-bad-wash text-bad border-bad">
          <strong>The broker is not connected.</strong> Nothing can be sent, and prices and positions may be old.
        </Strip>
      ) : status?.brokerStream?.up === false ? (
        <Strip look="bg-warn-wash text-warn border-warn">
          The broker’s stream of reports is lost since <Moment at={status.brokerStream.since} />. Orders are asked for
          one by one until it is back: fills may show a little later.
        </Strip>
      ) : null}
    </div>
  )
}

/** True once `now` has been true for a moment. */
function useLasting(now: boolean): boolean {
  const [lasting, setLasting] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLasting(now), now ? PATIENCE_MS : 0)
    return () => clearTimeout(timer)
  }, [now])
  return now && lasting
}

function Strip({ look, children }: { look: string; children: ReactNode }): ReactNode {
  return (
    <div className={`border-b ${look}`}>
      <p className="mx-auto max-w-[90rem] px-3 py-2 text-sm sm:px-5">{children}</p>
    </div>
  )
}
