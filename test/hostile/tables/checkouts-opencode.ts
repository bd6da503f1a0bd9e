import { opencodeCheckouts } from "../checkouts/opencode.ts";
import { checkoutTable } from "../checkouts/checkout-table.ts";

export const table = checkoutTable(opencodeCheckouts, { sample: 1 });
