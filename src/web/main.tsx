import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { Unanswered } from './http.ts'
import './styles.css'

const client = new QueryClient({
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

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
createRoot(root).render(
  <QueryClientProvider client={client}>
    <App />
  </QueryClientProvider>,
)
