import { type ReactNode, useState } from 'react'
import { useSignIn } from '../commands.ts'
import { Action } from '../parts/action.tsx'
import { Field } from '../parts/field.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { navigate, useTitle } from '../router.tsx'
import { ProviderSignIn, useWays } from './provider.tsx'

type SignInProps = { code: string | null; from: string | undefined; onDone: () => void }

/** A one-time code and a name: the name is what the journal will say approved an order. */
export function SignInPage({ code, from, onDone }: SignInProps): ReactNode {
  useTitle('Sign in')
  const [typed, setTyped] = useState(code ?? '')
  const [name, setName] = useState('')
  const [missing, setMissing] = useState<{ code: string | null; name: string | null }>({ code: null, name: null })
  const signIn = useSignIn()
  const vouched = useWays()?.vouched ?? null
  const submit = (): void => {
    const gaps = {
      code: typed.trim() === '' ? 'Enter the code from the console.' : null,
      name: name.trim() === '' ? 'Enter your name; it will stand beside your decisions.' : null,
    }
    setMissing(gaps)
    if (gaps.code !== null || gaps.name !== null) return
    signIn.mutate(
      { code: typed.trim(), name: name.trim() },
      {
        onSuccess: () => {
          onDone()
          // An account that the provider has just vouched for waits there to be linked.
          if (vouched !== null) navigate('/access', 'replace')
          else if (from !== undefined) navigate(from, 'replace')
        },
      },
    )
  }
  return (
    <main className="mx-auto grid min-h-dvh max-w-md content-center gap-5 p-4">
      <div>
        <h1 className="text-2xl font-bold">Jax Execution</h1>
        <p className="text-soft">Orders wait here for a person. Sign in to be that person.</p>
      </div>
      <ProviderSignIn />
      <form
        className="grid gap-4 rounded-lg border border-line bg-surface p-5"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <Field
          label="One-time code"
          value={typed}
          onChange={setTyped}
          error={missing.code}
          autoFocus={code === null}
          autoComplete="one-time-code"
          hint={
            code === null
              ? 'Looks like k3xm-9t2v-c0qe-7hzw. The console printed it when the gateway started.'
              : 'Taken from your link.'
          }
          maxLength={100}
          mono
        />
        <Field
          label="Your name"
          value={name}
          onChange={setName}
          error={missing.name}
          autoFocus={code !== null}
          autoComplete="name"
          hint="Recorded with every decision you make."
          maxLength={60}
        />
        {signIn.isError ? <Trouble error={signIn.error} /> : null}
        <Action look="primary" submits busy={signIn.isPending}>
          Sign in
        </Action>
      </form>
      <p className="text-sm text-soft">
        No code, or it was used already? On the machine of the gateway,{' '}
        <code className="font-mono text-ink">jax-exec signin-link</code> prints a new link.
      </p>
      <p className="text-sm text-soft">
        It has to stop now? On the machine of the gateway the{' '}
        <a className="text-ink underline" href="/emergency">
          emergency page
        </a>{' '}
        halts everything without a sign-in.
      </p>
    </main>
  )
}
