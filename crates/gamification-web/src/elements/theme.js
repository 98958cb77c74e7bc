/** Light and dark; the grays are those that have 4.5:1 on every surface they stand on. */
const COLORS = {
  accent: ["#2563eb", "#2563eb"],
  "on-accent": ["#fff", "#fff"],
  ring: ["#fff", "#111827"],
  surface: ["#fff", "#111827"],
  card: ["#f9fafb", "#1f2937"],
  "card-border": ["#e5e7eb", "#374151"],
  current: ["#eff6ff", "#172554"],
  "current-border": ["#bfdbfe", "#1d4ed8"],
  text: ["#111827", "#f3f4f6"],
  soft: ["#374151", "#e5e7eb"],
  muted: ["#6b7280", "#d1d5db"],
  "muted-strong": ["#4b5563", "#d1d5db"],
  locked: ["#d1d5db", "#374151"],
  link: ["#1d4ed8", "#93c5fd"],
  field: ["#868e9c", "#6b7280"],
  error: ["#b91c1c", "#fca5a5"],
};

/** @param {(light: string, dark: string) => string} color */
const properties = (color) =>
  Object.entries(COLORS)
    .map(([name, [light = "", dark = ""]]) => `--_${name}: var(--level-${name}, ${color(light, dark)});`)
    .join("");

/**
 * One sheet that all elements of a class share. Adopted sheets need no `style-src`.
 * @param {string} css
 */
export function sheet(css) {
  if (!globalThis.CSSStyleSheet) return null; // on a server
  const shared = new CSSStyleSheet();
  shared.replaceSync(css);
  return shared;
}

export const theme = sheet(`
:host { ${properties((light) => light)} --_radius: var(--level-radius, 8px);
  display: block; box-sizing: border-box; color: var(--_text); font-family: var(--level-font, inherit); font-size: 14px; line-height: 20px; text-align: left }
:host(:dir(rtl)) { text-align: right }
@supports (color: light-dark(#000, #fff)) { :host { ${properties((light, dark) => `light-dark(${light}, ${dark})`)} } }
:host([hidden]), [hidden] { display: none !important }
*, ::before, ::after { box-sizing: border-box }
h2, h3, p, ol { margin: 0; padding: 0; list-style: none; font: inherit }
/* English on a page in Arabic reads from the left, and stands on the right. */
h2, h3, p, span, a, button { unicode-bidi: plaintext }
svg { display: block; flex: none; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round }
button, input { font: inherit; color: inherit }
button { min-height: 32px; padding: 4px 12px; border: 1px solid var(--_card-border); border-radius: 6px;
  background: var(--_surface); font-weight: 500; cursor: pointer }
button:hover { background: var(--_card) }
button[aria-disabled=true] { opacity: .6; cursor: progress }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.notice { display: flex; flex-wrap: wrap; align-items: center; gap: 12px; padding: 16px; color: var(--_muted-strong) }
.bone { border-radius: 4px; background: var(--_card-border) !important; color: transparent; user-select: none; forced-color-adjust: none }
@media (prefers-reduced-motion: no-preference) {
  .bone { animation: breathe 1.6s ease-in-out infinite alternate }
  @keyframes breathe { to { opacity: .5 } }
}
`);
