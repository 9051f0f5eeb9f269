import { useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { query } from '../http.ts'
import { usePollMs } from '../live.tsx'
import { Action } from '../parts/action.tsx'
import { Page } from '../parts/page.tsx'
import { Blank, Panel, Skeleton } from '../parts/panel.tsx'
import { Unread } from '../parts/trouble.tsx'
import { type Filters, fillsQuery, ordersQuery } from '../queries.ts'
import { Link, navigate, usePlace } from '../router.tsx'
import { CsvDownload } from './csv-download.tsx'
import { FillsLedger } from './fills-ledger.tsx'
import { FilterBar } from './filter-bar.tsx'
import { OrdersLedger } from './orders-ledger.tsx'

type Show = 'orders' | 'fills'

const address = (show: Show, filters: Filters): string =>
  `/orders${query({ ...filters, show: show === 'fills' ? show : undefined })}`

/** What was sent, what works, what was filled. Filters live in the address, so that a view can be kept and shared. */
export function OrdersPage(): ReactNode {
  const { search } = usePlace()
  const filters: Filters = {
    open: search.get('open') ?? '',
    symbol: search.get('symbol') ?? '',
    from: search.get('from') ?? '',
    to: search.get('to') ?? '',
  }
  const show: Show = search.get('show') === 'fills' ? 'fills' : 'orders'
  return (
    <Page title={show === 'fills' ? 'Fills' : 'Orders'} aside={<Switcher show={show} filters={filters} />}>
      <div className="grid gap-4">
        <FilterBar
          key={show}
          filters={filters}
          onChange={(next) => navigate(address(show, { ...filters, ...next }), 'replace')}
          withStatus={show === 'orders'}
        />
        {show === 'orders' ? <Orders filters={filters} /> : <Fills filters={{ ...filters, open: '' }} />}
      </div>
    </Page>
  )
}

function Switcher({ show, filters }: { show: Show; filters: Filters }): ReactNode {
  return (
    <nav aria-label="Orders or fills" className="flex rounded-md border border-edge bg-surface p-0.5 text-sm">
      {(['orders', 'fills'] as const).map((key) => (
        <Link
          key={key}
          to={address(key, filters)}
          current={key === show}
          className={`rounded px-3 py-1 capitalize ${key === show ? 'bg-accent font-semibold text-accent-ink' : 'text-soft hover:text-ink'}`}
        >
          {key}
        </Link>
      ))}
    </nav>
  )
}

const filtered = (filters: Filters): boolean => Object.values(filters).some((value) => value !== '')

function Orders({ filters }: { filters: Filters }): ReactNode {
  const list = useInfiniteQuery({ ...ordersQuery(filters), refetchInterval: usePollMs() })
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? []
  const blank = filtered(filters)
    ? 'No order matches these filters.'
    : 'No order was sent yet. Approve one in the queue and it appears here.'
  return (
    <Panel
      title={filters.open === 'true' ? 'Open orders' : 'Orders, newest first'}
      aside={<CsvDownload kind="orders" filters={filters} />}
    >
      <Listing what="orders" list={list} blank={rows.length === 0 ? blank : null}>
        <OrdersLedger orders={rows} />
      </Listing>
    </Panel>
  )
}

function Fills({ filters }: { filters: Filters }): ReactNode {
  const list = useInfiniteQuery({ ...fillsQuery(filters), refetchInterval: usePollMs() })
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? []
  const blank = filtered(filters) ? 'No fill matches these filters.' : 'Nothing was filled yet.'
  return (
    <Panel title="Fills, newest first" aside={<CsvDownload kind="fills" filters={filters} />}>
      <Listing what="fills" list={list} blank={rows.length === 0 ? blank : null}>
        <FillsLedger fills={rows} />
      </Listing>
    </Panel>
  )
}

type ListingProps = {
  what: string
  list: {
    isPending: boolean
    isError: boolean
    error: unknown
    data: unknown
    hasNextPage: boolean
    isFetchingNextPage: boolean
    fetchNextPage: () => unknown
  }
  blank: string | null
  children: ReactNode
}

/** A list that comes in pages, in each of its states. */
function Listing({ what, list, blank, children }: ListingProps): ReactNode {
  return (
    <div className="grid gap-3">
      <Unread query={list} what={`The ${what}`} />
      {list.isPending ? <Skeleton what={what} lines={5} /> : null}
      {list.isPending || list.isError || blank === null ? null : <Blank title={blank} />}
      {blank === null ? children : null}
      {list.hasNextPage ? (
        <div>
          <Action onPress={() => void list.fetchNextPage()} busy={list.isFetchingNextPage}>
            Load more {what}
          </Action>
        </div>
      ) : null}
    </div>
  )
}
