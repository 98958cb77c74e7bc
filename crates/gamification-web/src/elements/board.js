import { h, icon, set } from "./h.js";

/** @import { LevelElement } from "./base.js" */
/** @import { LeaderboardEntry, MessageKey } from "../types.js" */

const MEDAL = "M8.5 9 5 2.5h4.5L12 7l2.5-4.5H19L15.5 9M12 8.500a6.500 6.500 0 1 0 0 13a6.500 6.500 0 0 0 0-13Z";

export const boardStyles = `
:host { border: 1px solid var(--_card-border); border-radius: var(--_radius); background: var(--_surface); overflow: hidden }
h2 { padding: 12px 16px; border-block-end: 1px solid var(--_card-border); font-weight: 600 }
li { display: flex; align-items: center; gap: 12px; padding: 10px 16px }
li.own { background: var(--_current) }
.rank { display: grid; flex: none; place-content: center; min-inline-size: 24px; color: var(--_muted); font-variant-numeric: tabular-nums }
.own .rank { color: var(--_muted-strong) }
.medal { fill: var(--medal); color: var(--edge) }
.place1 { --medal: #fbbf24; --edge: #b45309 } .place2 { --medal: #d1d5db; --edge: #6b7280 } .place3 { --medal: #fdba74; --edge: #9a3412 }
.avatar { display: grid; place-content: center; background: color-mix(in srgb, hsl(var(--hue) 65% 50%) 22%, var(--_surface)); color: var(--_text); font-size: 12px; font-weight: 600; line-height: 1 }
.name { flex: 1; min-inline-size: 0; overflow: hidden; padding: 0; font-weight: 500; text-overflow: ellipsis; white-space: nowrap }
button.name { min-height: 24px; border: 0; background: none; text-align: inherit }
button.name:hover { text-decoration: underline }
.points { font-weight: 600; font-variant-numeric: tabular-nums }
.avatar.bone { border-radius: 50% }
@media (forced-colors: active) { li.own { outline: 1px solid Highlight; outline-offset: -1px } .medal { color: CanvasText; fill: Canvas } .avatar { border: 1px solid } }
`;

/** What rows are like on one board. @typedef {{ isSmall: boolean, isWindow: boolean, isLinked: boolean, own: string | null }} Look */

/** Members by rank. Rows stay when the ranking changes, and with them the focus. */
export class Board {
  /** @type {Row[]} */ #rows = [];
  #host;
  root = h("ol", { role: "list" });

  /** @param {LevelElement} host */
  constructor(host) {
    this.#host = host;
  }

  /**
   * @param {readonly (LeaderboardEntry | null)[]} entries a gray row for `null`
   * @param {Look} look
   */
  show(entries, look) {
    this.root.ariaHidden = entries.includes(null) ? "true" : null;
    while (this.#rows.length < entries.length) {
      const row = new Row(this.#host);
      this.#rows.push(row);
      this.root.append(row.root);
    }
    for (const [index, row] of this.#rows.entries()) row.show(entries[index], look);
  }
}

class Row {
  /** @type {string | null} */ #userId = null;
  /** The avatar that could not be loaded. @type {string | null} */ #broken = null;
  #host;
  #rank = h("span", { part: "rank", class: "rank" });
  #image = h("img", { alt: "", class: "avatar", onerror: () => this.#failed() });
  #initial = h("span", { class: "avatar", "aria-hidden": "true" });
  #badge = h("level-badge", null, this.#image, this.#initial);
  #name = h("span", { part: "name", class: "name" });
  #button = h("button", { part: "name", class: "name", onclick: () => this.#click() });
  #points = h("span", { part: "points", class: "points" });
  root = h("li", { part: "row" }, this.#rank, this.#badge, this.#name, this.#button, this.#points);

  /** @param {LevelElement} host */
  constructor(host) {
    this.#host = host;
  }

  /** @param {LeaderboardEntry | null | undefined} entry @param {Look} look */
  show(entry, { isSmall, isWindow, isLinked, own }) {
    this.root.hidden = entry === undefined;
    const isBusy = entry === null;
    for (const part of [this.#initial, this.#name]) part.classList.toggle("bone", isBusy);
    this.#badge.size = isSmall ? "xs" : "sm";
    this.#badge.level = isSmall ? null : (entry?.level ?? null); // it would hide half of a small avatar
    this.#name.hidden = isLinked && !isBusy;
    this.#button.hidden = !isLinked || isBusy;
    const name = entry?.display_name ?? "";
    this.#name.textContent = this.#button.textContent = name || "\u2002";
    this.#userId = entry?.user_id ?? null;
    const isOwn = !!entry && entry.user_id === own;
    this.root.classList.toggle("own", isOwn);
    this.root.ariaCurrent = isOwn ? "true" : null;
    this.#initial.textContent = [...name][0]?.toUpperCase() ?? "";
    this.#initial.style.setProperty("--hue", String(hueOf(name)));
    set(this.#image, "src", entry?.avatar_url);
    this.#showAvatar();
    this.#rank.replaceChildren(...(entry ? this.#place(entry.rank) : []));
    const { count, change } = this.#host.formats;
    this.#points.textContent = entry ? (isWindow ? change : count).format(entry.points) : "";
  }

  #failed() {
    this.#broken = this.#image.getAttribute("src");
    this.#showAvatar();
  }

  /** The picture; else the initial. */
  #showAvatar() {
    const picture = this.#image.getAttribute("src");
    this.#image.hidden = !picture || picture === this.#broken;
    this.#initial.hidden = !this.#image.hidden;
  }

  /** @param {number} rank */
  #place(rank) {
    if (rank > 3) return [this.#host.formats.count.format(rank)];
    const medal = icon(MEDAL, 16);
    medal.setAttribute("class", `medal place${rank}`);
    return [
      medal,
      h("span", { class: "visually-hidden" }, this.#host.text(/** @type {MessageKey} */ (`place${rank}`))),
    ];
  }

  #click() {
    if (this.#userId) this.#host.emit("member-click", { userId: this.#userId });
  }
}

/** The same color for the same name. @param {string} name */
const hueOf = (name) => [...name].reduce((hue, character) => (hue * 31 + (character.codePointAt(0) ?? 0)) % 360, 7);
