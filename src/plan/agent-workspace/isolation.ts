/** For people who look at a workspace and not at its documentation. */
export const NOT_ISOLATED = {
  type: "Isolated",
  status: "False",
  reason: "SharedRepository",
  message:
    "the agents of a workspace share one claim and one .git: each can read, change and delete its neighbours' files, and have their git run its programs. Agents that must not meet need standalone runs or workspaces of their own",
} as const;
