/** A type that only its own parser can produce. Erased at run time. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name }

/** Key of what was asked for: chosen by whoever asks, unique for the installation; its form is `isIntentID`. */
export type IntentID = Brand<string, 'IntentID'>
/** FIX ClOrdID(11): chosen by us, unique for the account for ever, at most 48 characters (Alpaca's older limit). */
export type ClOrdID = Brand<string, 'ClOrdID'>
/** FIX OrderID(37): chosen by the broker. */
export type OrderID = Brand<string, 'OrderID'>
/** FIX ExecID(17): the broker's name for one execution report. */
export type ExecID = Brand<string, 'ExecID'>
/** `environment:broker:name`, such as `paper:sim:main`. */
export type AccountID = Brand<string, 'AccountID'>

/** A name of only dots would be eaten by every URL parser on its way to us. */
const INTENT_ID = /^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,64}$/
/** One separator at a time, and only between letters or digits: no symbol can carry markup, or a path such as `A/../B`. */
const SYMBOL = /^(?=.{1,20}$)[A-Z0-9]+(?:[._/-][A-Z0-9]+)*$/

/** How the names of intents begin that people have let through beyond a limit: given by the gateway, never chosen. */
export const WAIVED = 'wv_'
/** 1 to 64 characters of `A-Z a-z 0-9 . _ : -`, but not `.` or `..`. */
export const isIntentID = (text: string): text is IntentID => INTENT_ID.test(text)
/** 1 to 20 characters such as `AAPL`, `BRK.B`, `EUR/USD`, `SIM.DROP-REPLY`. */
export const isSymbol = (text: string): boolean => SYMBOL.test(text)
