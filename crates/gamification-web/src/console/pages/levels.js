import { h } from "../../elements/h.js";
import { heading, muted, versions } from "../parts.js";

/** @import { Context } from "../parts.js" */

export const title = "Levels";

/** @param {Context} context */
export const show = (context) => [
  heading(title, muted("A level once reached stays, whatever happens to points or thresholds.")),
  h("level-definitions-grid", { "show-points": true, heading: "Nine levels" }),
  ...(context.isAdmin ? edited(context) : []),
];

/** @param {Context} context */
function edited(context) {
  const { root, begin } = versions(context, context.client.levelsHistory);
  const editor = h("level-editor");
  editor.addEventListener("levels-saved", begin);
  return [editor, root];
}
