// Speaking JSON with the server: an answer, a refusal, or no answer at all.

const GIVE_UP_AFTER = 15_000;

/** The server said no; `message` is for people. */
export class Refused extends Error {
  constructor(status, body, retryAfter) {
    const [named] = Object.values(body.details ?? {});
    super(named?.[0] ?? body.error ?? "Something went wrong. Please try again.");
    this.status = status;
    this.code = body.code ?? "";
    this.retryAfter = retryAfter;
  }
}

/** Nobody knows whether the request arrived. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached. Please try again.");
  }
}

export async function call(method, path, { body, token, key } = {}) {
  const response = await send(method, path, body, token, key);
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  if (response.status >= 500 || answer === null) throw new Unreachable();
  throw new Refused(response.status, answer, Number(response.headers.get("Retry-After")) || 0);
}

async function send(method, path, body, token, key) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers["Idempotency-Key"] = key;
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(GIVE_UP_AFTER),
    });
  } catch {
    throw new Unreachable();
  }
}
