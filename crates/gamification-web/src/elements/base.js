import { createClient } from "../client/client.js";
import { h } from "./h.js";
import { formatsOf, readers, textOf } from "./text.js";
import { theme } from "./theme.js";

/** @import { Problem } from "../client/problem.js" */
/** @import { Attributes, Client, ClientOptions, ElementEvents, Kind, Messages, State, StateTexts, Stop } from "../types.js" */
/** @typedef {PropertyDescriptor & ThisType<LevelElement>} Accessor */

/** The attributes that say whom or what an element is about. */
const IDS = ["community", "user-id", "course-id"];
/** @type {StateTexts} */
const TEXTS = { error: "failed", forbidden: "forbidden" };

/** @type {Client | null} */
let pageClient = null;
/** Those on the page. @type {Set<LevelElement>} */
const elements = new Set();
readers.add(() => elements.forEach((one) => void one.changed()));

/**
 * Makes a client, for all elements of the page that have none of their own.
 * @type {(options: ClientOptions) => Client}
 */
export const connect = (options) => {
  pageClient = createClient(options);
  for (const one of elements) one.reset();
  return pageClient;
};

const kebab = (/** @type {string} */ name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Servers have no elements: there, modules load and make none. @type {typeof HTMLElement} */
const Base = globalThis.HTMLElement ?? class {};

/** What all elements have in common: attributes, state, client, texts. What they show is in `update()`. */
export class LevelElement extends Base {
  /** @type {Attributes} */ static attributes = {};
  /** @type {CSSStyleSheet | null} */ static styles = null;
  /** @type {StateTexts} */ static texts = TEXTS;
  static get observedAttributes() {
    return ["community", "lang", ...Object.keys(this.attributes).map(kebab)];
  }

  /** Built once; afterwards texts and attributes change. @type {Node[]} */
  content = [];
  #of = /** @type {typeof LevelElement} */ (this.constructor);
  #root = this.attachShadow({ mode: "open" });
  #notice = h("p", { part: "notice", class: "notice" });
  /** @type {Client | null} */ #client = null;
  /** @type {Stop | null} */ #stop = null;
  /** Properties that have their value from the service, by attribute. @type {Map<string, string>} */ #received =
    new Map();
  /** @type {State} */ #outcome = "loading";
  #isOutdated = true;
  #isOther = false;
  #isChanged = false;

  constructor() {
    super();
    for (const styles of [theme, this.#of.styles]) if (styles) this.#root.adoptedStyleSheets.push(styles);
  }

  /** The element's own client; else the page's. */
  get client() {
    return this.#client ?? pageClient;
  }
  set client(client) {
    if (client === this.#client) return;
    this.#client = client;
    this.reset();
  }

  get state() {
    return /** @type {State | null} */ (this.getAttribute("state"));
  }

  get locale() {
    const near = /** @type {HTMLElement | null} */ (this.closest("[lang]:not(:root)"));
    return near?.lang || this.client?.locale || document.documentElement.lang || navigator.language;
  }

  connectedCallback() {
    elements.add(this);
    for (const name of ["client", ...Object.keys(this.#of.attributes)]) {
      // What was set before the element was defined hides its accessors.
      const { value } = Object.getOwnPropertyDescriptor(this, name) ?? {};
      if (Reflect.deleteProperty(this, name) && value !== undefined) Reflect.set(this, name, value);
    }
    if (!this.#root.firstChild) this.#root.append(...this.content, this.#notice);
    this.retry();
  }

  disconnectedCallback() {
    elements.delete(this);
    this.#stop?.();
    this.#stop = null;
  }

  /** @param {string} name @param {unknown} before @param {unknown} value */
  attributeChangedCallback(name, before, value) {
    if (before === value) return;
    this.#received.delete(name); // the page's own from now on
    if (IDS.includes(name)) this.reset();
    this.changed();
  }

  /** Asks again. */
  retry() {
    this.#isOutdated = true;
    this.changed();
  }

  /** Asks for something else: what is shown is no longer right. */
  reset() {
    this.#isOther = true;
    this.retry();
  }

  /** Shows what is so now: soon, and once however much has changed. */
  changed() {
    if (this.#isChanged) return;
    this.#isChanged = true;
    queueMicrotask(() => {
      this.#isChanged = false;
      if (!this.isConnected) return;
      if (this.#isOutdated) this.#restart();
      this.#show();
    });
  }

  #restart() {
    this.#stop?.();
    if (this.#isOther) {
      for (const property of [...this.#received.values()]) Reflect.set(this, property, null);
      this.#received.clear();
      this.clear();
    }
    this.#isOutdated = this.#isOther = false;
    this.#outcome = "loading";
    this.#stop = (this.client && this.load()) || null;
    if (this.client && !this.#stop) this.#outcome = "empty";
  }

  #show() {
    const state = this.isFilled() ? "ready" : this.#outcome;
    this.setAttribute("state", state);
    this.ariaBusy = state === "loading" ? "true" : null;
    this.update();
    const text = this.#of.texts[this.state ?? state];
    const again = state === "error" && h("button", { part: "retry", onclick: () => this.retry() }, this.text("retry"));
    this.#notice.hidden = !text;
    this.#notice.replaceChildren(...(text ? [this.text(text), again || ""] : []));
  }

  // --- For elements ---

  /** Asks for what is shown, where there is something to ask for; gives what stops that. @returns {Stop | null | false | ""} */
  load() {
    return null;
  }

  /** Whom to ask in `load()`. */
  get api() {
    return /** @type {Client} */ (this.client?.in(this.getAttribute("community")));
  }

  /** Whether there is something to show. */
  isFilled() {
    return false;
  }

  /** Whether the page gave a property: it is not asked for then. @param {string} name */
  isGiven(name) {
    return Reflect.get(this, name) !== null && !this.#received.has(kebab(name));
  }

  /** Forgets what was received and is in no attribute. */
  clear() {}

  update() {}

  /**
   * Takes what came from the service. Attributes that have it from there lose it when something else is asked for.
   * @param {State} state
   * @param {Record<string, unknown>} [values]
   */
  settle(state, values = {}) {
    for (const [name, value] of Object.entries(values)) {
      Reflect.set(this, name, value);
      this.#received.set(kebab(name), name);
    }
    this.#outcome = state;
    this.changed();
  }

  /** What is shown already stays. @param {Problem} problem */
  failed = (problem) => {
    const isUnknown = problem.status === 404 && this.matches("[user-id], [course-id]");
    this.settle(problem.status === 403 ? "forbidden" : isUnknown ? "empty" : "error");
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
 * values, where pages, frameworks and tests see them.
 * @template {Attributes} T
 * @param {T} attributes
 * @param {StateTexts} [texts]
 * @returns {Omit<typeof LevelElement, "prototype"> & (new () => LevelElement & import("../types.js").Values<T>)}
 */
export function element(attributes, texts = TEXTS) {
  class Accessors extends LevelElement {
    static attributes = attributes;
    static texts = texts;
  }
  for (const [name, kind] of Object.entries(attributes)) {
    Object.defineProperty(Accessors.prototype, name, kind === Object ? held(name) : reflected(kebab(name), kind));
  }
  return /** @type {ReturnType<typeof element<T>>} */ (/** @type {unknown} */ (Accessors));
}

/** @type {(attribute: string, kind: Kind) => Accessor} */
const reflected = (attribute, kind) => ({
  get() {
    const text = this.getAttribute(attribute);
    if (kind === Boolean) return text !== null && text !== "false";
    return text && !Number.isNaN(kind(text)) ? kind(text) : null;
  },
  set(value) {
    if (value == null || value === false) this.removeAttribute(attribute);
    else this.setAttribute(attribute, value === true ? "" : value);
  },
});

/** @type {(name: string) => Accessor} */
const held = (name) => {
  /** @type {WeakMap<LevelElement, unknown>} */
  const values = new WeakMap();
  return {
    get() {
      return values.get(this) ?? null;
    },
    set(value) {
      this.attributeChangedCallback(kebab(name), values.get(this), value);
      values.set(this, value);
    },
  };
};
