/** What the container `token` is to do, as AGENT_APP_TOKEN has it in JSON. */
export interface AppTokenTask {
  /** The one repository that the token is for, such as `owner/name`. */
  project: string;
  /** Host of the repository: a token of another forge's App is never made for it. */
  host: string;
  /** What the token can do, in GitHub's words. */
  permissions: Readonly<Record<string, "read" | "write">>;
  /** The same, left out if the App does not have it. */
  wished?: Readonly<Record<string, "read" | "write">>;
}

/** Where an App's Secret has what, as Flux names it. */
export const APP_KEYS = {
  id: "githubAppID",
  installation: "githubAppInstallationID",
  privateKey: "githubAppPrivateKey",
  /** May be left out. */
  baseURL: "githubAppBaseURL",
} as const;

/** What the container leaves beside the token: the URL of the API that has given it. */
export const API_URL_FILE = "api-url";
export const CREDENTIAL_FILE = "credential";
