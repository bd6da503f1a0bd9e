import type { TOKEN_REFUSALS } from "../api/publish-reasons.ts";

/** Why there is no token of a GitHub App; the message has GitHub's own words, and nothing of the Secret's. */
export class TokenRefusal extends Error {
  override readonly name = "TokenRefusal";
  readonly reason: (typeof TOKEN_REFUSALS)[number];

  constructor(reason: TokenRefusal["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}
