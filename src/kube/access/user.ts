/** Who a request comes from. Members of `system:masters` may do everything. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const administrator: User = {
  name: "kubernetes-admin",
  groups: ["system:masters", "system:authenticated"],
};

/** The user that a service account's token stands for. */
export function serviceAccountUser(namespace: string, name: string, uid: string): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}
