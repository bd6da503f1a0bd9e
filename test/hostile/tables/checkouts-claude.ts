import { claudeCheckouts } from "../checkouts/claude.ts";
import { checkoutTable } from "../checkouts/checkout-table.ts";

export const table = checkoutTable(claudeCheckouts, { sample: 2 });
