/**
 * What can go wrong with a request: the service refuses it, or it cannot be had at all.
 */

/**
 * @typedef {{pointer?: string, parameter?: string, code: string, detail: string}} Violation
 * @typedef {{type: string, title: string, status: number, detail: string, request_id?: string, errors?: Violation[]}} ProblemBody
 */

/** An answer of 400 or more (RFC 9457). */
export class Problem extends Error {
  /** @param {ProblemBody} body */
  constructor(body) {
    super(body.detail || body.title);
    this.name = "Problem";
    this.status = body.status;
    this.type = body.type;
    this.title = body.title;
    this.detail = body.detail;
    this.requestId = body.request_id ?? "";
    /** @type {Violation[]} */
    this.errors = body.errors ?? [];
  }

  /**
   * Whether the same request may succeed a little later.
   *
   * @returns {boolean}
   */
  get passing() {
    return [408, 425, 429, 502, 503, 504].includes(this.status);
  }

  /**
   * The violations of a body by their field: `/title` is `title`.
   *
   * @returns {Map<string, string>}
   */
  get fields() {
    /** @type {Map<string, string>} */
    const fields = new Map();
    for (const error of this.errors) {
      const field = (error.pointer ?? "").split("/")[1];
      if (field && !fields.has(field)) fields.set(field, error.detail);
    }
    return fields;
  }
}

/** No answer came. */
export class Unreachable extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super("the service cannot be reached", { cause });
    this.name = "Unreachable";
  }
}
