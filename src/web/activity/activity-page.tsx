import type { ReactNode } from 'react'
import { Page } from '../parts/page.tsx'
import { Feed } from './feed.tsx'
import { Proofs } from './proofs.tsx'
import { Tasks } from './tasks.tsx'

/** What happens, what needs a person, and why all of it can be believed. */
export function ActivityPage(): ReactNode {
  return (
    <Page title="Activity">
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_24rem]">
        <div className="order-2 min-w-0 lg:order-1">
          <Feed />
        </div>
        <div className="order-1 grid min-w-0 gap-5 lg:order-2">
          <Tasks />
          <Proofs />
        </div>
      </div>
    </Page>
  )
}
