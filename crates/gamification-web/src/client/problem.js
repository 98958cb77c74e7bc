/** @import { ProblemBody, ProblemCode } from "../types.js" */

/** What a request failed with: the service's problem document (RFC 9457), `OFFLINE` when there was no answer, `NO_TOKEN` when the platform gave no token to ask with. */
export class Problem extends Error {
  /** @param {Partial<Omit<ProblemBody, "code">> & { code: ProblemCode, retryAfter?: number, cause?: unknown }} of */
  constructor({ code, status = 0, detail = code, errors = [], reason, request_id, retryAfter, cause }) {
    super(detail, { cause });
    this.name = "Problem";
    this.code = code;
    /** 0 when there was no answer. */
    this.status = status;
    this.detail = detail;
    this.errors = errors;
    this.reason = reason ?? null;
    this.requestId = request_id ?? null;
    /** Seconds; `null` where the service says nothing. */
    this.retryAfter = retryAfter ?? null;
  }
}

/**
 * What an answer says that is no success. Proxies answer too, and in HTML.
 * @param {Response} response
 */
export async function problemOf(response) {
  const { status, headers } = response;
  const after = headers.get("retry-after");
  const retryAfter = after && Number(after) >= 0 ? Number(after) : undefined;
  const body = await response.json().catch(() => ({}));
  const code = status === 503 ? "UNAVAILABLE" : status > 499 ? "INTERNAL" : "BAD_REQUEST";
  return new Problem({ code, detail: response.statusText, ...body, status, retryAfter });
}
