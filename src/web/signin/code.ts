import { useEffect, useState } from 'react'

/** The one-time code of a sign-in link, `#code=XXXX-XXXX`; null without one. */
const inFragment = (): string | null => new URLSearchParams(location.hash.slice(1)).get('code')

/**
 * Takes the code out of the address: a fragment never reaches a server, but history and screenshots would keep it.
 *
 * @returns the code, and a function that forgets it.
 */
export function useCodeFromLink(): readonly [string | null, () => void] {
  const [code, setCode] = useState(inFragment)
  useEffect(() => {
    const take = (): void => {
      const found = inFragment()
      if (found === null) return
      setCode(found)
      history.replaceState(null, '', location.pathname + location.search)
    }
    take()
    // A link clicked while this page is open changes the fragment alone.
    window.addEventListener('hashchange', take)
    return () => window.removeEventListener('hashchange', take)
  }, [])
  return [code, () => setCode(null)]
}
