import { TOKEN } from "../headers.ts";

const WHOLE = new RegExp(`^${TOKEN}$`);

/** The token that the user has pasted: in the memory of this page alone, so that it goes with it. */
export const credential = holdCredential();

function holdCredential(): {
  /** False: this cannot be a token. */
  take(token: string): boolean;
  drop(): void;
  headers(): Record<string, string>;
} {
  let token = "";
  return {
    take(given) {
      token = given.trim().replace(/^Bearer +/i, "");
      return WHOLE.test(token);
    },
    drop: () => void (token = ""),
    headers(): Record<string, string> {
      return token === "" ? {} : { authorization: `Bearer ${token}` };
    },
  };
}
