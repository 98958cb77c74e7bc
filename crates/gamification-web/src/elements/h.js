const ATTRIBUTES = new Set(
  `alt autocomplete checked class datetime dir disabled for height hidden href id inert inputmode lang list max maxlength min
  name open part placeholder readonly rel required role rows scope selected slot spellcheck src step tabindex target title
  type value width`.split(/\s+/),
);
const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: Event) => unknown)>} Attributes */

/**
 * Builds DOM. What it is given is never parsed: children that are no nodes become text, attributes are of a known list (a
 * custom element has its own), addresses of known schemes.
 * @template {string} Tag
 * @param {Tag} tag
 * @param {Attributes | null} [attributes] functions are listeners: `onclick`
 * @param {...Child} children
 * @returns {Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag] : HTMLElement}
 */
export function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) set(node, name, value);
  node.append(...children.filter((child) => child || child === 0).map((child) => /** @type {Node} */ (child)));
  return /** @type {ReturnType<typeof h<Tag>>} */ (node);
}

/**
 * @param {HTMLElement} node
 * @param {string} name
 * @param {Attributes[string]} value
 */
export function set(node, name, value) {
  if (typeof value === "function") return node.addEventListener(name.slice(2), value);
  const isOwn = node.localName.includes("-") && !/^(on|style)/.test(name);
  if (!isOwn && !ATTRIBUTES.has(name) && !/^(aria|data)-/.test(name)) throw new TypeError(`h() sets no ${name}`);
  if (value == null || value === false || !isSafe(name, String(value))) return node.removeAttribute(name);
  const text = value === true ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text); // the same address again would be loaded again
}

/**
 * @param {string} name
 * @param {string} value
 */
function isSafe(name, value) {
  if (name === "src") return /^(https:\/\/|data:image\/)/i.test(value);
  return (
    name !== "href" ||
    (URL.canParse(value, document.baseURI) && /^https?:/.test(new URL(value, document.baseURI).protocol))
  );
}

/**
 * A drawing in a square of 24.
 * @param {string} path
 * @param {number} size
 */
export function icon(path, size) {
  const svg = document.createElementNS(SVG, "svg");
  const drawn = document.createElementNS(SVG, "path");
  drawn.setAttribute("d", path);
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": true }))
    svg.setAttribute(name, String(value));
  svg.append(drawn);
  return svg;
}

export const LOCK =
  "M8 11V7a4 4 0 0 1 8 0v4M6.5 11h11a1.5 1.5 0 0 1 1.5 1.5v7a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 19.5v-7A1.5 1.5 0 0 1 6.5 11Z";
export const CLOCK = "M12 7v5l3 2M21 12a9 9 0 1 1-18 0a9 9 0 0 1 18 0Z";
