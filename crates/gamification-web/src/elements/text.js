import en from "../locales/en.js";

/** @import { Messages } from "../types.js" */

/** @type {Map<string, Partial<Messages>>} */
const locales = new Map([["en", en]]);
/** @type {Map<string, ReturnType<typeof formats>>} */
const known = new Map();

/** Called when texts may read differently. @type {Set<() => void>} */
export const readers = new Set();

/**
 * Adds a language, or some texts of one: what it lacks is said in English.
 * @param {string} lang such as `fr` or `fr-CA`
 * @param {Partial<Messages>} messages
 */
export function registerLocale(lang, messages) {
  locales.set(lang.toLowerCase(), messages);
  for (const read of readers) read();
}

/** @param {string} lang */
function formats(lang) {
  /** @param {Intl.NumberFormatOptions} [options] */
  const number = (options) => new Intl.NumberFormat(lang, options);
  return {
    plural: new Intl.PluralRules(lang),
    count: number(),
    change: number({ signDisplay: "exceptZero" }),
    percent: number({ style: "percent", maximumFractionDigits: 1 }),
    date: new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" }),
  };
}

/**
 * How a language writes numbers and dates. A page's `lang` may be anything.
 * @param {string} lang
 */
export function formatsOf(lang) {
  let of = known.get(lang);
  if (!of) {
    try {
      of = formats(lang);
    } catch {
      of = formats("en");
    }
    known.set(lang, of);
  }
  return of;
}

/**
 * A message: fr-CA, then fr, then en, then what the service says.
 * @param {string} lang
 * @param {keyof Messages} key
 * @param {Record<string, string | number>} values numbers are written as the language does; `count` chooses the plural
 * @param {string} [said]
 */
export function textOf(lang, key, values, said = "") {
  const { plural, count } = formatsOf(lang);
  const tags = [lang.toLowerCase(), /** @type {string} */ (lang.toLowerCase().split("-")[0])];
  /** @type {Partial<Messages>} */
  const english = en;
  const message = tags.map((tag) => locales.get(tag)?.[key]).find(Boolean) ?? english[key] ?? said;
  const form = typeof message === "string" ? message : (message[plural.select(Number(values.count))] ?? message.other);
  return form.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? count.format(value) : value;
  });
}
