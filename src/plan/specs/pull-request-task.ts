import type { ForgeAddress } from "../forge-address.ts";

/** What the container `pull-request` is to do, as AGENT_PULL_REQUEST has it in JSON. */
export interface PullRequestTask extends ForgeAddress {
  branch: string;
  /** Whether the token is one of an App, whose Secret says where the API is. */
  isApp?: boolean;
  /** Absent: the remote's own branch, as `push` found it. */
  base?: string;
  title: string;
  body: string;
  /** Whether one that is open keeps the title and the body that it has. */
  keepTitle: boolean;
  keepBody: boolean;
  draft: boolean;
  labels: readonly string[];
  reviewers: readonly string[];
}

/** The files by which `push` hands over what it has pushed: the commit and the branch that it is for, a line each. */
export const PUSHED_FILE = "pushed";

/** The file with the token of a forge, where it is mounted. */
export const TOKEN_FILE = "token";
