import { createClient } from "../client/client.js";
import { h } from "./h.js";
import { formatsOf, readers, textOf } from "./text.js";
import { theme } from "./theme.js";

/** @import { Problem } from "../client/problem.js" */
/** @import { Client, ClientOptions, ElementEvents, MessageKey, Messages, State, Stop } from "../types.js" */

/** An attribute holds one of these; a property alone (`Object`) anything. @typedef {StringConstructor | NumberConstructor | BooleanConstructor | ObjectConstructor} Kind */
/** @template T @typedef {ObjectConstructor & { readonly holds?: T }} Holding */
/**
 * @template {Record<string, Kind>} T
 * @typedef {{ -readonly [K in keyof T]: T[K] extends StringConstructor ? string | null : T[K] extends NumberConstructor ? number | null
 *   : T[K] extends BooleanConstructor ? boolean : T[K] extends Holding<infer V> ? V | null : never }} Values
 */

/** What other data is asked for when it changes. */
const IDS = ["community", "user-id", "course-id"];

/** On a server there are no elements: modules load there, and make none. @type {typeof HTMLElement} */
const Base = globalThis.HTMLElement ?? class {};

/** @type {Client | undefined} */
let pageClient;
/** Elements on the page. @type {Set<LevelElement>} */
const connected = new Set();
readers.add(() => connected.forEach((one) => void one.changed()));

/**
 * Makes a client that of all elements on the page that have none of their own.
 * @param {ClientOptions} options
 */
export function connect(options) {
  pageClient = createClient(options);
  for (const one of connected) one.retry();
  return pageClient;
}

/** user-id for userId */
export const kebab = (/** @type {string} */ name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** What all elements have in common: attributes, state, client, texts. They say what they show in `update()`. */
export class LevelElement extends Base {
  /** @type {Record<string, Kind>} */ static attributes = {};
  /** @type {CSSStyleSheet | null} */ static styles = null;
  static get observedAttributes() {
    return ["community", "lang", ...Object.keys(this.attributes).map(kebab)];
  }

  /** Which text says which state. @type {Partial<Record<State, MessageKey>>} */
  messages = { error: "failed", forbidden: "forbidden" };
  /** Built once; afterwards texts and attributes change. @type {Node[]} */
  content = [];

  /** @type {Client | null} */ #client = null;
  /** @type {Stop | null | undefined} */ #stop;
  /** Attributes whose values came from the service, and their properties. @type {Map<string, string>} */ #received =
    new Map();
  #isChanged = false;
  #isOutdated = true;
  #notice = h("p", { part: "notice", class: "notice", hidden: true });

  constructor() {
    super();
    const { styles } = /** @type {typeof LevelElement} */ (this.constructor);
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [theme, styles].filter((one) => one !== null);
  }

  /** The client of this element; else the page's. */
  get client() {
    return this.#client ?? pageClient ?? null;
  }
  set client(client) {
    this.#client = client;
    this.retry();
  }

  /** @returns {State | null} */
  get state() {
    return /** @type {State | null} */ (this.getAttribute("state"));
  }

  get locale() {
    const near = /** @type {HTMLElement | null} */ (this.closest("[lang]:not(:root)"));
    return near?.lang || this.client?.locale || document.documentElement.lang || navigator.language || "en";
  }

  connectedCallback() {
    connected.add(this);
    for (const name of Object.keys(/** @type {typeof LevelElement} */ (this.constructor).attributes).concat("client")) {
      // What was set before the element was defined stands in the way of its accessors.
      if (!Object.hasOwn(this, name)) continue;
      const value = Reflect.get(this, name);
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
    if (!this.shadowRoot?.firstChild) this.shadowRoot?.append(...this.content, this.#notice);
    this.retry();
  }

  disconnectedCallback() {
    connected.delete(this);
    this.#stop?.();
    this.#stop = null;
  }

  /** @param {string} name @param {unknown} before @param {unknown} value */
  attributeChangedCallback(name, before, value) {
    if (before === value) return;
    this.#received.delete(name); // the page's own from now on
    if (IDS.includes(name)) this.#isOutdated = true;
    this.changed();
  }

  /** Asks for everything again. */
  retry() {
    this.#isOutdated = true;
    this.changed();
  }

  /** Shows what is so now, soon and once, however much has changed. */
  changed() {
    if (this.#isChanged) return;
    this.#isChanged = true;
    queueMicrotask(() => {
      this.#isChanged = false;
      if (!this.isConnected) return;
      if (this.#isOutdated) this.#restart();
      this.#update();
    });
  }

  #restart() {
    this.#isOutdated = false;
    this.#stop?.();
    for (const property of [...this.#received.values()]) Reflect.set(this, property, null);
    this.#received.clear();
    this.clear();
    const client = this.client?.in(this.getAttribute("community"));
    this.setAttribute("state", this.isFilled() ? "ready" : "loading");
    this.#stop = (client && this.load(client)) || null;
    if (client && !this.#stop && !this.isFilled()) this.setAttribute("state", "empty");
  }

  #update() {
    this.update();
    const { state } = this;
    const message = state && this.messages[state];
    this.#notice.hidden = !message;
    if (!message) return;
    this.#notice.replaceChildren(this.text(message));
    if (state === "error")
      this.#notice.append(h("button", { part: "retry", onclick: () => this.retry() }, this.text("retry")));
  }

  // --- For elements ---

  /**
   * Asks once; gives what calls it off.
   * @template T
   * @param {(options: { signal: AbortSignal }) => Promise<T>} read
   * @param {(value: T) => void} received
   * @param {(problem: Problem) => void} [failed]
   * @returns {Stop}
   */
  ask(read, received, failed = this.failed) {
    const abort = new AbortController();
    const { signal } = abort;
    read({ signal }).then(
      (value) => signal.aborted || received(value),
      (problem) => signal.aborted || failed(problem),
    );
    return () => abort.abort();
  }

  /** Asks for what is shown, where there is something to ask for; gives what stops that. @param {Client} _client @returns {Stop | null | undefined | false | ""} */
  load(_client) {
    return null;
  }

  /** Forgets what was received. */
  clear() {}

  /** Whether there is something to show. */
  isFilled() {
    return false;
  }

  /** Shows what is so now. */
  update() {}

  /**
   * Takes what came from the service. Attributes that it goes to are given back when something else is asked for.
   * @param {State} state
   * @param {Record<string, unknown>} [values]
   */
  settle(state, values = {}) {
    for (const [name, value] of Object.entries(values)) {
      Reflect.set(this, name, value);
      this.#received.set(kebab(name), name);
    }
    this.setAttribute("state", state);
    this.changed();
  }

  /** What is there stays; what is not there can't be shown. @param {Problem} problem */
  failed = (problem) => {
    const state =
      problem.status === 403 ? "forbidden" : problem.status === 404 && this.hasAttribute("user-id") ? "empty" : "error";
    if (!this.isFilled()) this.settle(state);
    this.emit("gamification-error", { problem });
  };

  /** @param {keyof Messages} key @param {Record<string, string | number>} [values] @param {string} [said] by the service */
  text(key, values = {}, said) {
    return textOf(this.locale, key, values, said);
  }

  get formats() {
    return formatsOf(this.locale);
  }

  /**
   * @template {keyof ElementEvents} Name
   * @param {Name} name
   * @param {ElementEvents[Name]["detail"]} detail
   * @returns {boolean} whether nobody prevented what follows
   */
  emit(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
  }
}

/**
 * A class with accessors: `{ userId: String }` is the property `userId` and the attribute `user-id`. Attributes hold the
 * values, so that pages, frameworks and tests see them; objects are held by properties alone.
 * @template {Record<string, Kind>} T
 * @param {T} attributes
 * @returns {Omit<typeof LevelElement, "prototype"> & (new () => LevelElement & Values<T>)}
 */
export function element(attributes) {
  class Accessors extends LevelElement {
    static attributes = attributes;
  }
  for (const [name, kind] of Object.entries(attributes)) {
    Object.defineProperty(Accessors.prototype, name, kind === Object ? held(name) : reflected(kebab(name), kind));
  }
  return /** @type {ReturnType<typeof element<T>>} */ (/** @type {unknown} */ (Accessors));
}

/**
 * @param {string} attribute
 * @param {Kind} kind
 * @returns {PropertyDescriptor & ThisType<LevelElement>}
 */
const reflected = (attribute, kind) => ({
  get() {
    const value = this.getAttribute(attribute);
    if (kind === Boolean) return value !== null && value !== "false";
    return value === null || value === "" || (kind === Number && Number.isNaN(Number(value))) ? null : kind(value);
  },
  set(value) {
    if (value == null || value === false) this.removeAttribute(attribute);
    else if (this.getAttribute(attribute) !== String(value)) this.setAttribute(attribute, value === true ? "" : value);
  },
});

/**
 * @param {string} name
 * @returns {PropertyDescriptor & ThisType<LevelElement>}
 */
const held = (name) => {
  /** @type {WeakMap<LevelElement, unknown>} */
  const values = new WeakMap();
  return {
    get() {
      return values.get(this) ?? null;
    },
    set(value) {
      this.attributeChangedCallback(kebab(name), values.get(this), values.set(this, value).get(this));
    },
  };
};
