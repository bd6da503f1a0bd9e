import { codexCheckouts } from "../checkouts/codex.ts";
import { checkoutTable } from "../checkouts/checkout-table.ts";

export const table = checkoutTable(codexCheckouts, { sample: 2 });
