import { h } from "../../elements/h.js";
import { heading, muted } from "../parts.js";

/** @import { Context } from "../parts.js" */

export const title = "Levels";

/** @param {Context} context */
export const show = ({ isAdmin }) => [
  heading(title, muted("A level once reached stays, whatever happens to points or thresholds.")),
  h("level-definitions-grid", { "show-points": true, heading: "Nine levels" }),
  ...(isAdmin ? [h("level-editor")] : []),
];
