import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { isSignedOut, Unanswered, watchForPeople } from './http.ts'
import { meQuery } from './queries.ts'
import './styles.css'

/** A session may end at any time, on another screen too: then who we are is asked again, and the answer is sign-in. */
const onError = (error: unknown): void => {
  const signedIn = client.getQueryData(meQuery.queryKey) !== undefined
  if (signedIn && isSignedOut(error)) void client.invalidateQueries({ queryKey: meQuery.queryKey })
}

const client = new QueryClient({
  queryCache: new QueryCache({ onError: (error, asked) => (asked.queryKey[0] === 'me' ? undefined : onError(error)) }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      // A refusal is an answer. Silence is asked once more; after that the page says so and keeps polling.
      retry: (failures, error) => error instanceof Unanswered && failures < 1,
      staleTime: 2_000,
      refetchOnWindowFocus: true,
      networkMode: 'always',
    },
    mutations: { retry: false, networkMode: 'always' },
  },
})

watchForPeople(window)

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
createRoot(root).render(
  <QueryClientProvider client={client}>
    <App />
  </QueryClientProvider>,
)
