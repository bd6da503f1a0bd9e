import type { FORGE_REFUSALS } from "../api/publish-reasons.ts";

type ForgeReason = (typeof FORGE_REFUSALS)[number];

/** Why a forge did not do what it was asked for; the message has its own words, without the token. */
export class ForgeRefusal extends Error {
  override readonly name = "ForgeRefusal";
  readonly reason: ForgeReason;
  /** Of the answer; absent if there was none. */
  readonly status: number | undefined;
  /** When a limit of requests is over, in milliseconds since the epoch, if it is one. */
  readonly until: number | undefined;

  constructor(reason: ForgeReason, message: string, status?: number, until?: number) {
    super(message);
    this.reason = reason;
    this.status = status;
    this.until = until;
  }
}

/** What an answer with an error means. */
export function refusalOf(status: number, words: string): ForgeRefusal {
  return new ForgeRefusal(reasonOf(status, words), `${status}: ${words}`, status);
}

function reasonOf(status: number, words: string): ForgeReason {
  const isArchived = /\barchived?\b|read[- ]only/i.test(words);
  switch (status) {
    case 401:
      return "ForgeTokenInvalid";
    case 403:
      return isArchived ? "RepositoryArchived" : "PullRequestDenied";
    case 423:
      return "RepositoryArchived";
    case 404:
    case 410:
      return "ForgeNotFound";
    case 400:
    case 409:
    case 422:
      return isArchived ? "RepositoryArchived" : "PullRequestRefused";
    default:
      return status >= 300 && status < 400 ? "ForgeNotFound" : "PullRequestFailed";
  }
}
