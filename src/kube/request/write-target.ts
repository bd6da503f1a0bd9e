import type { User } from "../access/user.ts";
import type { Resource } from "../kinds/resource.ts";
import type { WriteOptions } from "./options.ts";

/** Where a write goes and who wants it. */
export interface WriteTarget {
  readonly resource: Resource;
  readonly namespace: string;
  readonly user: User;
  readonly options: WriteOptions;
  readonly warnings: string[];
}

/** Where a write to an object goes. */
export interface UpdateTarget extends WriteTarget {
  readonly name: string;
  readonly subresource: string;
}

/** What is to be deleted, and who wants it. */
export interface DeleteTarget {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly user: User;
  readonly warnings: string[];
}
